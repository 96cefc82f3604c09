"""Trains the networks of dependent frames alone: all else of a model stays as it is.

Made-up frames (made_up_frames.py) are coded one after another, the first by itself. What counts
are the bits of the dependent ones, as a share of what they cost by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from tfcomp.models.made_up_frames import frames_of

# Bits a pixel that a flat crop counts for at least, lest its share outweigh all others.
_LEAST_BITS = 0.02
_CALIBRATION_BATCHES = 4


def sequence_loss(
    model: Any, images: tf.Tensor, quality: tf.Tensor, numbers: tf.Tensor
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """The loss of a batch and its parts.

    Args:
      model: whose `frames` say how sequences are made.
      images: float32 [B, side, side, 3] in 0..1.
      quality: int32 or float32 [B].
      numbers: int64 [B], of the images over the whole training.

    Returns:
      float32 scalar, and the metric "bpp" of dependent frames, float32 [B], without hyper-latents.
    """
    frames = frames_of(images, model.frames, model.stride, model.seed, numbers)
    pixels = float(frames.shape[2] * frames.shape[3])
    before, spent = None, []
    for frame in tf.unstack(frames):
        latents = tf.stop_gradient(model.analysis(frame, quality))
        if before is None:
            before, bits = model.prior.quantise_frame(latents, quality)
            first = tf.maximum(tf.stop_gradient(bits) / pixels, _LEAST_BITS)
            continue
        before, bits = model.prior.quantise_frame(latents, quality, True, before=before)
        before = type(before)(*map(tf.stop_gradient, before))
        spent.append(bits / pixels)
    bpp = tf.add_n(spent) / len(spent)
    return tf.reduce_mean(bpp / first), {"bpp": bpp}


def coded_sequences(
    model: Any, batches: tf.data.Dataset
) -> Iterator[tuple[list[np.ndarray], int]]:
    """Yields a few frames' latents in steps and a quality, to fit tables to; qualities take turns.

    Args:
      model: see `sequence_loss`.
      batches: of uint8 [B, side, side, 3].
    """
    for number, images in enumerate(batches.take(_CALIBRATION_BATCHES)):
        count = images.shape[0]
        images = tf.cast(images, tf.float32) / 255.0
        numbers = tf.range(count, dtype=tf.int64) + number * count
        frames = frames_of(images, model.frames, model.stride, model.seed + 1, numbers)
        for quality in range(1 + number % 2, model.qualities + 1, 2):
            levels = tf.fill([count], quality)
            latents = [model.analysis(frame, levels).numpy() for frame in tf.unstack(frames)]
            yield from ((list(frames), quality) for frames in zip(*latents))
