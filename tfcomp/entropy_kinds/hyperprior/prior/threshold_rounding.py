"""Rate-distortion optimised quantisation during training.

The counterpart of tfcomp/bitstream/rate_distortion_quantizer.py, with the current densities instead
of frozen tables: training decodes and counts what files will hold.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfcomp.bitstream.rate_distortion_quantizer import LARGEST_SHIFT, LEVELS
from tfcomp.entropy.integer_tables import PRECISION


def bit_steps(ladder: Any) -> tf.Tensor:
    """Half the bits that k costs beyond k - 1: float32 [ladder.count, 1 + LEVELS], for k >= 0.

    Divided by a distortion weight this is how far the threshold to k lies beyond k - 1/2.

    Args:
      ladder: a `ScaleLadder`.
    """
    level = tf.range(LEVELS + 1, dtype=tf.float32)[None, :]
    scale = tf.range(ladder.count, dtype=tf.float32)[:, None]
    bits = ladder.bits(level + tf.zeros_like(scale), scale + tf.zeros_like(level))
    # No table holds a smaller probability than one of its units.
    bits = tf.minimum(bits, float(PRECISION))
    steps = tf.maximum(bits[:, 1:] - bits[:, :-1], 0.0) / 2.0
    return tf.stop_gradient(tf.pad(steps, [[0, 0], [1, 0]]))


def quantize(
    residual: tf.Tensor, index: tf.Tensor, steps: tf.Tensor, weight: tf.Tensor
) -> tf.Tensor:
    """Rounds residuals as the encoder does; no gradient passes.

    Args:
      residual: float32 [B, h, w, C].
      index: float32 [B, h, w, C], whole numbers: the density of each residual.
      steps: of `bit_steps`.
      weight: float32 [B], bits that a squared error of one step is worth.

    Returns:
      float32 [B, h, w, C], whole numbers.
    """
    size = tf.abs(residual)
    level = tf.round(size)
    place = tf.cast(index * (LEVELS + 1) + tf.minimum(level, LEVELS), tf.int32)
    shift = tf.gather(tf.reshape(steps, [-1]), place) / weight[:, None, None, None]
    level -= tf.cast(size < level - 0.5 + tf.minimum(shift, LARGEST_SHIFT), level.dtype)
    return tf.stop_gradient(tf.sign(residual) * tf.maximum(level, 0.0))
