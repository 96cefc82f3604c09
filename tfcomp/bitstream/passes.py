"""Passes: in which order the channels and squares of a picture's latents are coded.

    one pass   checkerboard (2)   quincunx (3)      numbers: the pass that codes a square
     1 1 1 1       1 2 1 2          1 3 1 3
     1 1 1 1       2 1 2 1          3 2 3 2
     1 1 1 1       1 2 1 2          1 3 1 3

Every pass sees what the ones before it have decoded: on a checkerboard the second sees four even
neighbours of each odd square (He et al. 2021, arXiv:2103.15306); a quincunx grid, which halves the
even squares once more, lets those of odd rows see those of even rows at their corners (after Li et
al. 2023, arXiv:2302.14402).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from tfcomp.bitstream.tables import CdfTables


class Coder(Protocol):
    """A range coder: the module tfcomp.bitstream.range_coder, or one with the same functions."""

    def encode(self, values: np.ndarray, index: np.ndarray, tables: CdfTables) -> bytes: ...

    def decode(self, data: bytes, index: np.ndarray, tables: CdfTables) -> np.ndarray: ...


class Pass(NamedTuple):
    """One step of decoding: some channels on some squares.

    Attributes:
      start: the first channel.
      channels: how many.
      parity: 0 for the even squares of a checkerboard, of which the top left one is, 1 for the odd
        ones, None for all.
      row_parity: of them, 0 for those of even rows, 1 for those of odd rows, None for all.
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
        """How many channels of decoded values the pass sees."""
        return self.start + (self.channels if self.goes_on else 0)

    def knows(self, rows: Any, columns: Any) -> Any:
        """Whether an earlier pass has decoded its channels on squares; see `codes`."""
        known = (rows + columns) % 2 == 0
        if not self.goes_on:
            known &= False
        if self.row_parity == 1:
            known &= rows % 2 == 0
        return known

    def codes(self, rows: Any, columns: Any) -> Any:
        """Whether it codes squares: integers that broadcast, of NumPy or TensorFlow -> bool."""
        chosen = rows + columns >= 0
        if self.parity is not None:
            chosen &= (rows + columns) % 2 == self.parity
        if self.row_parity is not None:
            chosen &= rows % 2 == self.row_parity
        return chosen


# (parity, row_parity) of the passes of a group.
_ONE_PASS = ((None, None),)
_CHECKERBOARD = ((0, None), (1, None))
_QUINCUNX = ((0, 0), (0, 1), (1, None))


def coding_passes(groups: Sequence[int], checkerboard: int, quincunx: int = 0) -> tuple[Pass, ...]:
    """The passes of channel groups.

    Args:
      groups: channels of each group.
      checkerboard: how many of the first groups have more than one pass.
      quincunx: how many of these have three passes, not two.
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
