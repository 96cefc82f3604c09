"""What a symbol costs in the range coder, as a differentiable function of it.

Frozen tables say so for whole symbols; between two of them the cost is interpolated, and so it is
between the tables of neighbouring scales.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from tfcomp.bitstream.tables import CdfTables

_BEYOND = 2  # symbols past the widest table, on each side: what is farther costs no more


class CodeLength:
    """Bits of symbols under tables of a bundle.

    Args:
      tables: the range coder's.
      first, count: which of them; indices count from `first`. All that follow if `count` is None.
    """

    def __init__(self, tables: CdfTables, first: int = 0, count: int | None = None) -> None:
        count = tables.count - first if count is None else count
        bits, self._lowest = _dense(tables, first, count)
        self._width = bits.shape[1]
        self._bits = tf.constant(bits.reshape(-1), tf.float32)
        slope = np.gradient(bits, axis=0) if count > 1 else np.zeros_like(bits)
        self._slope_by_index = tf.constant(slope.reshape(-1), tf.float32)

    def __call__(self, symbols: Any, index: Any) -> Any:
        """Bits, float32 of the same shape.

        Args:
          symbols: float32, whole or between.
          index: of each symbol's table, float32 of the same shape. Its gradient is the slope from
            table to table, which means something only where neighbours are alike.
        """

        @tf.custom_gradient
        def lookup(symbols: Any, index: Any) -> Any:
            below = tf.floor(symbols)
            fraction = symbols - below
            place = tf.cast(below, tf.int32) - self._lowest
            row = tf.cast(index, tf.int32) * self._width
            low = row + tf.clip_by_value(place, 0, self._width - 1)
            high = row + tf.clip_by_value(place + 1, 0, self._width - 1)
            bits_low, bits_high = tf.gather(self._bits, low), tf.gather(self._bits, high)
            rise = bits_high - bits_low

            def gradient(upstream: Any) -> Any:
                slope_low = tf.gather(self._slope_by_index, low)
                slope_high = tf.gather(self._slope_by_index, high)
                slope = slope_low + fraction * (slope_high - slope_low)
                return upstream * rise, upstream * slope

            return bits_low + fraction * rise, gradient

        return lookup(symbols, index)


def _dense(tables: CdfTables, first: int, count: int) -> tuple[np.ndarray, int]:
    """Bits float64 [count, width] of the symbols lowest, lowest + 1 ..., and lowest."""
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
