"""Which devices a training run uses, and how replicas share it."""

from __future__ import annotations

import logging

import tensorflow as tf

log = logging.getLogger(__name__)


def strategy(name: str) -> tf.distribute.Strategy:
    """The `tf.distribute.Strategy` of a name: none, mirrored or multiworker.

    Turns memory growth on for every GPU found, so that a run takes only what it needs, and
    logs the devices.
    """
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    log.info("devices: %s", ", ".join(gpu.name for gpu in gpus) if gpus else "CPU only")
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    if name == "multiworker":
        return tf.distribute.MultiWorkerMirroredStrategy()
    return tf.distribute.get_strategy()
