"""What a code whose bits are paid for knows of the quality: scales and thresholds of its own.

    encoder   bit = scale_q f + offset_q > 0
    decoder   value = (2 bit - 1) weight_q

A threshold that moves with the quality leaves bits at 0 that a small file cannot afford.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow import keras


class RatedCode(keras.layers.Layer):
    """Numbers for each quality and each bit of the code.

    Args:
      qualities: quality levels.
      channels: bits of the code at each place.

    Attributes:
      scale, offset, weight: variables, float32 [qualities, channels].
    """

    def __init__(self, qualities: int, channels: int, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)

        def numbers(name: str, initializer: str) -> tf.Variable:
            return self.add_weight(
                name=name, shape=(qualities, channels), initializer=initializer, dtype="float32"
            )

        self.scale, self.offset = numbers("scale", "ones"), numbers("offset", "zeros")
        self.weight = numbers("weight", "ones")

    def features(self, x: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """Features float32 [B, h, w, C], whose signs are the bits at quality int32 [B]."""
        scale, offset = (_of(table, quality) for table in (self.scale, self.offset))
        return x * scale + offset

    def values(self, code: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """What the decoder sees of a code in 0..1: float32 of its shape."""
        return (2.0 * code - 1.0) * _of(self.weight, quality)


def _of(table: tf.Variable, quality: tf.Tensor) -> tf.Tensor:
    return tf.gather(table, quality - 1)[:, None, None, :]
