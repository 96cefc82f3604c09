"""Passes: in which order the channels and squares of a picture's latents are coded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from tfcomp.bitstream.tables import CdfTables


class Coder(Protocol):
    """A range coder: the module tfcomp.bitstream.range_coder, or another that agrees with it."""

    def encode(self, values: np.ndarray, index: np.ndarray, tables: CdfTables) -> bytes: ...

    def decode(self, data: bytes, index: np.ndarray, tables: CdfTables) -> np.ndarray: ...


class Pass(NamedTuple):
    """One step of decoding: some channels on some squares.

    Channels start to start + channels, on the even squares of a checkerboard (parity 0; the top
    left one is even), on the odd ones (1), or on all (None); of them, on those of even rows
    (row_parity 0), of odd ones (1), or of all rows (None).
    """

    start: int
    channels: int
    parity: int | None
    row_parity: int | None = None

    @property
    def goes_on(self) -> bool:
        """Whether an earlier pass has decoded these channels on other squares."""
        return self.parity == 1 or self.row_parity == 1

    @property
    def seen(self) -> int:
        """How many channels of decoded values the pass's network sees."""
        return self.start + (self.channels if self.goes_on else 0)

    def codes(self, rows: Any, columns: Any) -> Any:
        """Whether it codes the squares: integers that broadcast, of NumPy or TensorFlow -> bool."""
        chosen = rows + columns >= 0
        if self.parity is not None:
            chosen &= (rows + columns) % 2 == self.parity
        if self.row_parity is not None:
            chosen &= rows % 2 == self.row_parity
        return chosen


# (parity, row_parity) of the passes of a group: a quincunx grid is split once more.
_ONE_PASS = ((None, None),)
_CHECKERBOARD = ((0, None), (1, None))
_QUINCUNX = ((0, 0), (0, 1), (1, None))


def coding_passes(
    groups: Sequence[int], checkerboard: int, quincunx: int = 0
) -> tuple[Pass, ...]:
    """The passes of channel groups.

    Args:
      groups: channels of each group.
      checkerboard: the first so many groups have more than one pass each.
      quincunx: of these, the first so many have three, even squares of even rows, even squares of
        odd rows, odd squares; the others two, even and odd squares.
    """
    passes: list[Pass] = []
    start = 0
    for number, channels in enumerate(groups):
        board = _CHECKERBOARD if number < checkerboard else _ONE_PASS
        squares = _QUINCUNX if number < min(checkerboard, quincunx) else board
        passes += [Pass(start, channels, *which) for which in squares]
        start += channels
    return tuple(passes)


def squares(height: int, width: int, step: Pass) -> np.ndarray:
    """bool [h, w]: which squares a pass codes; row 0 is even."""
    return step.codes(np.arange(height)[:, None], np.arange(width))
