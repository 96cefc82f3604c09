"""The uniform noise that stands for rounding in training.

Inside `numbered`, an image's noise depends only on a seed and on the image's number, not on the
other images of its batch or on the device. So several machines draw the same noise as one, and a
resumed training draws the same as an uninterrupted one. Elsewhere the noise is TensorFlow's
stateful one.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Iterator

import tensorflow as tf

_NOISE_STREAM = 1 << 60

# Replicas on one machine trace their steps in threads of their own.
_local = threading.local()


@contextlib.contextmanager
def numbered(seed: int, numbers: tf.Tensor) -> Iterator[None]:
    """Draws numbered noise inside the `with` block, with a stream of its own for every call.

    Args:
      seed: int.
      numbers: int64 [B], B static: the number of each image over the whole training.
    """
    outside = getattr(_local, "state", None)
    _local.state = [int(seed) % 2**31, numbers, 0]
    try:
        yield
    finally:
        _local.state = outside


def uniform(values: tf.Tensor) -> tf.Tensor:
    """Noise in -1/2 .. 1/2 for each of float32 [B, ...]; of the same shape and dtype."""
    state = getattr(_local, "state", None)
    if state is None:
        return tf.random.uniform(tf.shape(values), -0.5, 0.5, values.dtype)
    seed, numbers, stream = state
    state[2] += 1
    shape = tf.shape(values)[1:]
    # No two calls share a key, whatever their seeds, and none shares one with the crops.
    key = _NOISE_STREAM + (seed << 16) + stream
    noise = [
        tf.random.stateless_uniform(shape, tf.stack([tf.cast(key, tf.int64), number]), -0.5, 0.5)
        for number in tf.unstack(numbers)
    ]
    return tf.ensure_shape(tf.cast(tf.stack(noise), values.dtype), values.shape)
