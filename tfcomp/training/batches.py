"""A run's batches, as its config describes them."""

from __future__ import annotations

import tensorflow as tf

from tfcomp.config import Config
from tfcomp.data import pipeline
from tfcomp.data.source import ImageSource


def training_batches(
    source: ImageSource,
    config: Config,
    batch_size: int,
    start_step: int = 0,
    worker: int = 0,
    workers: int = 1,
) -> tf.data.Dataset:
    """Endless batches of random crops, of a static shape.

    Args:
      source: a `tfcomp.data.source.ImageSource`.
      config: a `tfcomp.config.Config`.
      batch_size: of the global batch.
      start_step: number of the first batch, of `batch_size` images each.
      worker: whose share of each batch, from 0.
      workers: how many there are.

    Returns:
      a tf.data.Dataset of uint8 [batch_size / workers, crop, crop, 3].
    """
    data = config.data
    shape = [batch_size // workers, data.crop, data.crop, 3]
    batches = pipeline.training_batches(
        source,
        crop=data.crop,
        batch_size=batch_size,
        seed=config.training.seed,
        downscale=data.downscale,
        downscale_probability=data.downscale_probability,
        detail_probability=data.detail_probability,
        grain=data.grain,
        cache=data.cache,
        crops_per_image=data.crops_per_image,
        start_step=start_step,
        worker=worker,
        workers=workers,
    )
    return batches.map(lambda images: tf.ensure_shape(images, shape))
