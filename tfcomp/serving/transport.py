"""What both protocols know of a server, and what the client asks of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Union

from tfcomp.serving.address import Address
from tfcomp.serving.errors import ServingError

# The tensors of one request: each a list of files or of whole numbers, one for each item.
Inputs = Mapping[str, Union[Sequence[bytes], Sequence[int]]]
Outputs = dict[str, list[bytes]]

LONGEST_REASON = 300  # characters of a server's words


class TensorKind(NamedTuple):
    """An output of a signature.

    Attributes:
      dtype: NumPy's name, or "" of any that no codec's samples have.
      shape: sizes that differ between requests are -1.
    """

    dtype: str
    shape: tuple[int, ...]



@dataclass(frozen=True)
class Endpoint:
    """A served model.

    Attributes:
      model: the name that the server serves it under.
      version: of the model; the newest if None.
      timeout: seconds that one request may take.
      max_answer_bytes: of one answer.
    """

    address: Address
    model: str
    version: int | None
    timeout: float
    max_answer_bytes: int

    def too_late(self) -> ServingError:
        """The error of a request whose time is up."""
        return ServingError(
            f"{self.address} gave no answer within {self.timeout:g} s; allow more time, or send "
            "fewer or smaller images a request"
        )


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

    def output_kind(self, signature: str, output: str) -> TensorKind | None:
        """What a signature of the model gives under a name; None where it has no such signature.

        Raises:
          UntoldError: the server does not say what signatures there are.
          BusyServingError: the same request may be sent again.
          ServingError: otherwise.
        """

    def close(self) -> None:
        """Gives the connections back."""


def too_large(limit: int) -> str:
    """What is wrong with an answer of more than `limit` bytes; it follows the address."""
    return (
        f"answers with more than {limit} bytes; send fewer items a request (items_a_request), or "
        "allow more (max_answer_bytes) if you trust it"
    )


def too_many(items: int) -> str:
    """What is wrong with an answer of more values than the request has items."""
    return f"answers with too many values for {items} items"
