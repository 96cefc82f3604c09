"""Rate-distortion optimised quantisation in stock TensorFlow operations.

It gives exactly the values of tfcomp/bitstream/rate_distortion_quantizer.py: both compute in
float64.
"""

from __future__ import annotations

import tensorflow as tf

from tfcomp.bitstream.rate_distortion_quantizer import MAX_VALUE


def quantize(residual: tf.Tensor, scale: tf.Tensor, shifts: tf.Tensor) -> tf.Tensor:
    """Quantises residuals: int32 of their shape.

    Args:
      residual: float64.
      scale: int32 of the same shape, scale indices.
      shifts: float64, of `rate_distortion_quantizer.threshold_shifts`.
    """
    levels = shifts.shape[1] - 1
    size = tf.minimum(tf.abs(residual), MAX_VALUE)
    level = tf.round(size)
    place = scale * (levels + 1) + tf.cast(tf.minimum(level, levels), tf.int32)
    shift = tf.gather(tf.reshape(shifts, [-1]), place)
    level -= tf.cast(size < level - 0.5 + shift, tf.float64)
    level = tf.cast(tf.maximum(level, 0.0), tf.int32)
    return tf.where(residual < 0.0, -level, level)
