"""The streams of a section as a decoder takes them: one after another, until they break off."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfcomp.bitstream.passes import Coder
from tfcomp.bitstream.rows import unpack_rows
from tfcomp.bitstream.tables import CdfTables
from tfcomp.errors import BitstreamError


class Streams:
    """Decodes a section's streams in their order.

    Args:
      section: its bytes.
      count: how many streams it holds.
      coder: the range coder.
      tables: of the values.
      most: the largest absolute value that a picture has.
      partial: whether the section may break off. A stream that is not there, or that no encoder
        writes, and all after it then count as missing.
    """

    def __init__(
        self,
        section: bytes,
        count: int,
        coder: Coder | Any,
        tables: CdfTables,
        most: int,
        partial: bool = False,
    ) -> None:
        self._streams = iter(unpack_rows(section, count, partial))
        self._coder, self._tables, self._most, self._partial = coder, tables, most, partial

    def decode(self, index: np.ndarray) -> np.ndarray | None:
        """The next stream's values, int32 [n], of the tables `index`, int32 [n]; None if missing.

        Raises:
          BitstreamError: no encoder writes such a stream, and the section must be whole.
        """
        stream = next(self._streams, None)
        if stream is None:
            assert self._partial, "unpack_rows gives as many streams as were asked for"
            return None
        try:
            return self._checked(self._coder.decode(stream, index, self._tables))
        except BitstreamError:
            if not self._partial:
                raise
            self._streams = iter(())
            return None

    def _checked(self, values: np.ndarray) -> np.ndarray:
        if values.size and (values.min() < -self._most or values.max() > self._most):
            raise BitstreamError("the file holds impossible latents; get an undamaged copy")
        return values
