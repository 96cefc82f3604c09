"""Stripes: each stream of a section holds a fixed number of latent rows."""

from __future__ import annotations

import tensorflow as tf


def striped(array: tf.Tensor, rows: int) -> tf.Tensor:
    """[h, w, c] -> [stripes, rows * w * c], zeros or False after the last row."""
    height, width, channels = tf.unstack(tf.shape(array))
    missing = -height % rows
    padded = tf.pad(array, [[0, missing], [0, 0], [0, 0]])
    return tf.reshape(padded, [(height + missing) // rows, rows * width * channels])


def joined(stripes: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """The inverse of `striped`; [h, w, c] of this shape."""
    return tf.reshape(tf.reshape(stripes, [-1, shape[1], shape[2]])[: shape[0]], shape)


def divided_up(value: tf.Tensor, by: int) -> tf.Tensor:
    """How many stripes of `by` rows it takes for `value` rows."""
    return (value + by - 1) // by
