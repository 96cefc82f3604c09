"""A run's batches, as its config describes them."""

from __future__ import annotations

import dataclasses

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
      source: where the images come from.
      config: of the run; its section `data` says how they are cut.
      batch_size: of the global batch.
      start_step: number of the first batch, of `batch_size` images each.
      worker: whose share of each batch, from 0.
      workers: how many there are.

    Returns:
      a tf.data.Dataset of samples [batch_size / workers, crop, crop, channels].
    """
    shape = [batch_size // workers, config.data.crop, config.data.crop, source.spec.channels]
    settings = dataclasses.asdict(config.data)
    for name in ("source", "data_dir", "split", "batch_size", "frames"):
        del settings[name]
    batches = pipeline.training_batches(
        source,
        batch_size=batch_size,
        seed=config.training.seed,
        start_step=start_step,
        worker=worker,
        workers=workers,
        **settings,
    )
    return batches.map(lambda images: tf.ensure_shape(images, shape))
