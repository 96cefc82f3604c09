"""What a pass of a hyperprior adds to what is decoded, in training."""

from __future__ import annotations

import tensorflow as tf

from tfcomp.bitstream.passes import Pass


def joined(
    decoded: tf.Tensor, values: tf.Tensor, cost: tf.Tensor, step: Pass
) -> tuple[tf.Tensor, tf.Tensor]:
    """The decoded channels with those of a pass, and the pass's bits.

    Args:
      decoded: float32 [B, h, w, channels before, and those that the pass goes on with].
      values: float32 [B, h, w, channels of the pass], on all squares.
      cost: of the same shape, the bits of each.
      step: says which squares the pass codes.

    Returns:
      float32 [B, h, w, channels up to the pass's last], and float32 [B].
    """
    if step.parity is not None:
        height, width = tf.shape(values)[1], tf.shape(values)[2]
        coded = step.codes(tf.range(height)[:, None], tf.range(width))
        mine = tf.cast(coded, tf.float32)[None, :, :, None]
        values, cost = values * mine, cost * mine
    if step.goes_on:
        values += decoded[..., step.start :]
        decoded = decoded[..., : step.start]
    return tf.concat([decoded, values], -1), tf.reduce_sum(cost, (1, 2, 3))
