"""Numbers of a quality, from a table with one row a trained level.

A quality is a level, int32 from 1, or float32 between two levels: gains and biases then lie between
theirs. Interpolated gains make a model of a few levels one of any rate (Cui et al. 2021,
"Asymmetric gained deep image compression with continuous rate adaptation").
"""

from __future__ import annotations

import tensorflow as tf

from tfcomp.quality import QUALITY_STEPS


def at_level(table: tf.Tensor, level: tf.Tensor) -> tf.Tensor:
    """Rows of a table, or what lies between two of them.

    Args:
      table: [Q] or [Q, C], row q - 1 for level q.
      level: int32 [B], 1 to Q, or float32 [B], 1.0 to Q.

    Returns:
      [B] or [B, C], of the table's dtype.
    """
    table = tf.convert_to_tensor(table)
    if level.dtype.is_integer:
        return tf.gather(table, level - 1)
    count = table.shape[0]
    levels = tf.range(1, count + 1, dtype=tf.float32)
    # At most two are not 0, so that nothing is rounded where the table holds small integers.
    weights = tf.nn.relu(1.0 - tf.abs(level[:, None] - levels))
    rows = tf.matmul(weights, tf.cast(tf.reshape(table, [count, -1]), tf.float32))
    return tf.cast(tf.reshape(rows, [-1, *table.shape[1:]]), table.dtype)


def nearest_level(level: tf.Tensor) -> tf.Tensor:
    """The trained level nearest to a quality, of two the higher one: int32 [B]."""
    if level.dtype.is_integer:
        return level
    return tf.cast(tf.floor(level + 0.5), tf.int32)


def level_of(quality: tf.Tensor, quality_steps: int) -> tf.Tensor:
    """What a deployed network is given as its quality, as a level.

    Args:
      quality: int32 [B], from 1; with several steps from one level to the next, from 0 in steps.
      quality_steps: as the bundle has them.

    Returns:
      int32 [B], or float32 [B] where there are several steps.
    """
    if quality_steps == 1:
        return quality
    return 1.0 + tf.cast(quality, tf.float32) / quality_steps


def network_quality(quality: tf.Tensor, quality_steps: int) -> tf.Tensor:
    """What deployed networks take for a quality as files of version 2 have it, 32 (level - 1).

    int32 of any shape; the inverse of `level_of` where there are several steps.
    """
    return quality if quality_steps > 1 else 1 + quality // QUALITY_STEPS


def table_level(quality: tf.Tensor, quality_steps: int) -> tf.Tensor:
    """The level whose tables serve for a quality as networks take it; int32 of any shape."""
    if quality_steps == 1:
        return quality
    return 1 + (quality + quality_steps // 2) // quality_steps
