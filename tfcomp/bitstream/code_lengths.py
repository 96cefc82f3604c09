"""The bits of symbols in the range coder, as frozen tables give them."""

from __future__ import annotations

import numpy as np

from tfcomp.bitstream.tables import CdfTables

_BEYOND = 2  # symbols past the widest table, on each side; bits do not rise any further


def code_lengths(
    tables: CdfTables, first: int = 0, count: int | None = None
) -> tuple[np.ndarray, int]:
    """Bits, float64 [count, width], of the symbols lowest, lowest + 1 and so on, and lowest itself.

    Args:
      tables: of the symbols.
      first: the first of the tables.
      count: how many; all that follow if None.
    """
    count = tables.count - first if count is None else count
    chosen = tables.models[first : first + count]
    offsets = tables.cdf_offset[first : first + count]
    sizes = [len(cdf) - 1 - (escape >= 0) for cdf, _, escape in chosen]
    lowest = int(offsets.min()) - _BEYOND
    highest = max(int(offset) + size - 1 for offset, size in zip(offsets, sizes)) + _BEYOND
    bits = np.empty((count, highest - lowest + 1))
    values = np.arange(lowest, highest + 1)
    for row, (cdf, precision, escape), offset, size in zip(bits, chosen, offsets, sizes):
        lengths = precision - np.log2(np.diff(np.asarray(cdf, np.float64)))
        outside = np.maximum(np.maximum(offset - values, values - (offset + size - 1)), 0)
        # An Elias-gamma code and a sign follow the escape symbol.
        far = lengths[escape] if escape >= 0 else float(precision)
        row[:] = far + 2 + 2 * np.log2(np.maximum(outside, 1))
        inside = outside == 0
        row[inside] = lengths[values[inside] - offset]
    return bits, lowest


def slope_by_table(bits: np.ndarray) -> np.ndarray:
    """How bits change from table to table: float64 [count, width]; 0 where there is one alone."""
    return np.gradient(bits, axis=0) if len(bits) > 1 else np.zeros_like(bits)
