"""Training pictures that break off, so that the first passes alone show more.

A file's first passes are a picture, with means in place of what is missing (docs/parts.md). With
some probability a training picture is one of these: from a random pass on its latents are their
predicted means, and of its bits only those before that pass count.
"""

from __future__ import annotations

import tensorflow as tf

from tfcomp.entropy import noise


def kept_passes(probability: float, passes: int, like: tf.Tensor) -> list[tf.Tensor | None]:
    """Which passes each picture of a batch keeps: the first one or more.

    Args:
      probability: that a picture loses passes; how many is drawn evenly.
      passes: how many there are.
      like: float32 [B, ...], one row a picture.

    Returns:
      for each pass float32 [B, 1, 1, 1], 1 where it is kept and 0 elsewhere; None where all are.
    """
    if not probability or passes < 2:
        return [None] * passes
    drawn = 0.5 + noise.uniform(tf.zeros_like(like[:, 0, 0, :2]))  # 0 .. 1, float32 [B, 2]
    last = tf.floor(drawn[:, 1] * float(passes - 1))
    last = tf.where(drawn[:, 0] < probability, last, float(passes - 1))
    return [tf.cast(last >= number, tf.float32)[:, None, None, None] for number in range(passes)]
