"""The likelihood terms of vaegan: how unlike two pictures are, each a float32 [B].

What Larsen et al. 2015 (arXiv:1512.09300) call L_llike is a squared error in the features of a
network that looks at both pictures.
"""

from __future__ import annotations

from typing import Sequence

import tensorflow as tf

# Larger logits say no more than "certain".
_SURE = 4.0


def feature_distance(features: Sequence[tf.Tensor], others: Sequence[tf.Tensor]) -> tf.Tensor:
    """Mean over levels and places of |u - v|^2, u and v the two feature vectors made unit length.

    From 0 to 4. With features of unit length (Zhang et al. 2018, arXiv:1801.03924) the
    discriminator cannot lower the distance by shrinking them.

    Args:
      features: tuple of float32 [B, h, w, C].
      others: as many, of the same shapes.
    """
    distances = []
    for a, b in zip(features, others):
        difference = tf.math.squared_difference(_unit(a), _unit(b))
        distances.append(tf.reduce_mean(tf.reduce_sum(difference, -1), (1, 2)))
    return tf.add_n(distances) / float(len(distances))


def attribute_distance(outputs: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """Mean squared difference of two outputs, float32 [B, N], of the attribute network."""
    return tf.reduce_mean(tf.math.squared_difference(_bounded(outputs), _bounded(others)), -1)


def _unit(x: tf.Tensor) -> tf.Tensor:
    return x * tf.math.rsqrt(tf.reduce_sum(tf.square(x), -1, keepdims=True) + 1e-6)


def _bounded(outputs: tf.Tensor) -> tf.Tensor:
    return _SURE * tf.tanh(outputs / _SURE)
