"""What the client asks of a protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, Union

# The tensors of one request: each a list of files or of whole numbers, one for each item.
Inputs = Mapping[str, Union[Sequence[bytes], Sequence[int]]]
Outputs = dict[str, list[bytes]]


class Transport(Protocol):
    """One way to a server."""

    def predict(self, signature: str, inputs: Inputs) -> Outputs:
        """Sends one request, once.

        Returns:
          the outputs by name, each bytes for every item, text as UTF-8.

        Raises:
          BusyServingError: the same request may be sent again.
          ServingError: otherwise.
        """

    def close(self) -> None:
        """Gives the connections back."""
