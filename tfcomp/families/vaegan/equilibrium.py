"""Keeps the discriminator and the decoder equally strong in adversarial training.

After Larsen et al. 2015 (arXiv:1512.09300): a side that is ahead waits. In equilibrium, where the
discriminator gives every picture a probability of one half, both of its losses are ln 2 = 0.69.
"""

from __future__ import annotations

import tensorflow as tf


def gates(
    real_loss: tf.Tensor, fake_loss: tf.Tensor, equilibrium: float, margin: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Which sides may take this step.

    Args:
      real_loss: float32 scalar, the discriminator's mean cross entropy in nats on pictures.
      fake_loss: the same on reconstructions.
      equilibrium: nats.
      margin: nats off the equilibrium before a side waits.

    Returns:
      two float32 scalars, 1 or 0: whether the discriminator learns, and whether the decoder
      listens to it. At least one of them is 1.
    """
    ahead = tf.minimum(real_loss, fake_loss) < equilibrium - margin
    behind = tf.maximum(real_loss, fake_loss) > equilibrium + margin
    discriminator = tf.logical_or(tf.logical_not(ahead), behind)
    return tf.cast(discriminator, tf.float32), tf.cast(tf.logical_not(behind), tf.float32)


def cross_entropy(logits: tf.Tensor, is_picture: bool) -> tf.Tensor:
    """Mean binary cross entropy in nats of float32 logits of any shape; a scalar."""
    labels = tf.ones_like(logits) if is_picture else tf.zeros_like(logits)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))
