"""Training steps that are the same on one device and on many.

The global batch is split evenly and in order: replica r of R has images r * B / R and the B / R - 1
after it. Every image has a number over the whole training, on which everything random about it
depends. Gradients are averaged over the replicas before any operation that is not linear in them.
"""

from __future__ import annotations

from typing import Sequence

import tensorflow as tf
from tensorflow import keras

from tfcomp.entropy.keras_versions import apply_reduced_gradients

_QUALITY_STREAM = 0x7175616C


def replicas() -> int:
    """How many replicas share a step: 1 outside a `tf.distribute.Strategy`."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def image_numbers(images: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    """The numbers, over the whole training, of this replica's images.

    Args:
      images: [B, ...], B static, this replica's share of a batch.
      step: integer scalar, steps done before this one.

    Returns:
      int64 [B].
    """
    share = int(images.shape[0])
    context = tf.distribute.get_replica_context()
    first = tf.cast(context.replica_id_in_sync_group, tf.int64) * share
    return tf.cast(step, tf.int64) * (share * replicas()) + first + tf.range(share, dtype=tf.int64)


def draw_quality(seed: int, numbers: tf.Tensor, qualities: int, steps: int = 1) -> tf.Tensor:
    """A quality from 1 to `qualities` for each image; int64 [B], B static -> int32 [B].

    With several steps from one level to the next: float32 [B], any of them.
    """
    key = tf.constant((int(seed) % 2**31) ^ _QUALITY_STREAM, tf.int64)
    count = (qualities - 1) * steps + 1
    drawn = tf.stack(
        [
            tf.random.stateless_uniform([], tf.stack([key, number]), 1, count + 1, tf.int32)
            for number in tf.unstack(numbers)
        ]
    )
    return drawn if steps == 1 else 1.0 + tf.cast(drawn - 1, tf.float32) / steps


def spread_over_batch(count: int, share: int) -> slice:
    """Which images of a replica's share to take so that the replicas together take `count`.

    They lie evenly over the batch: if the number of replicas divides `count` and `count` divides
    the batch, any number of replicas takes the same images. Each replica takes at least one.

    Args:
      count: images of the global batch to take; all if 0 or more than there are.
      share: images in this replica's share of the batch.

    Returns:
      a slice of the share.
    """
    taken = min(-(-count // replicas()) or share, share)
    stride = share // taken
    return slice(0, taken * stride, stride)


def apply_gradients(
    optimizer: keras.optimizers.Optimizer,
    gradients: Sequence[tf.Tensor],
    variables: Sequence[tf.Variable],
    clip_norm: float,
) -> None:
    """Moves variables by the gradient of the global batch's mean loss, with a bound on its norm.

    Keras clips the gradients of each replica and then sums them. Here the mean over replicas comes
    first, so that the clipping and the optimiser get the gradient that one device would compute.

    Args:
      optimizer: a `keras.optimizers.Optimizer`.
      gradients: of this replica's mean loss, one for each variable; None where there is none.
      variables: as many.
      clip_norm: bound on the global norm.
    """
    pairs = [(g, v) for g, v in zip(gradients, variables) if g is not None]
    gradients = [tf.convert_to_tensor(gradient) for gradient, _ in pairs]
    if replicas() > 1:
        context = tf.distribute.get_replica_context()
        gradients = context.all_reduce(tf.distribute.ReduceOp.MEAN, gradients)
    gradients, _ = tf.clip_by_global_norm(gradients, clip_norm)
    moves = list(zip(gradients, (variable for _, variable in pairs)))
    apply_reduced_gradients(optimizer, moves, replicas())
