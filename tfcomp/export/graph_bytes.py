"""Strings to arrays of bytes and back, in stock TensorFlow ops."""

from __future__ import annotations

import tensorflow as tf


def to_bytes(string: tf.Tensor) -> tf.Tensor:
    """The bytes of a string scalar; uint8 [N]."""
    return tf.io.decode_raw(string, tf.uint8)


def to_string(data: tf.Tensor) -> tf.Tensor:
    """uint8 [N] -> string scalar.

    No op does this. But a serialised tensor is a protocol buffer message whose last field holds
    the tensor's bytes as they are: they are cut off its end.
    """
    length = tf.size(data)
    message = tf.io.serialize_tensor(data)
    return tf.strings.substr(message, tf.strings.length(message) - length, length)
