"""The bits of a symbol in the range coder, as a differentiable function of the symbol.

Frozen tables give the bits of whole symbols. Between two symbols the bits are interpolated, and
likewise between the tables of neighbouring scales.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfcomp.bitstream.code_lengths import code_lengths, slope_by_table
from tfcomp.bitstream.tables import CdfTables


class CodeLength:
    """Bits of symbols under tables of a bundle.

    Args:
      tables: of the range coder.
      first: the first of them that counts; indices count from it.
      count: how many; all that follow if None.
    """

    def __init__(self, tables: CdfTables, first: int = 0, count: int | None = None) -> None:
        bits, self._lowest = code_lengths(tables, first, count)
        self._width = bits.shape[1]
        self._bits = tf.constant(bits.reshape(-1), tf.float32)
        self._slope_by_index = tf.constant(slope_by_table(bits).reshape(-1), tf.float32)

    def __call__(self, symbols: Any, index: Any) -> Any:
        """Bits, float32 of the same shape.

        Args:
          symbols: float32, whole or not.
          index: of each symbol's table, float32 of the same shape. Its gradient is the slope from
            table to table, which is meaningful only where neighbouring tables are similar.
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
