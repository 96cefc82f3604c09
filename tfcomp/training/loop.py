"""The training run: data in, run folder out.

    open source -> tf.data batches -> model.fit (train_step of the family) -> run folder
                                          |
                        checkpoints, history.csv, TensorBoard, progress bar
"""

from __future__ import annotations

import logging
from pathlib import Path

import tensorflow as tf
from tensorflow import keras

from tfcomp import config as config_module
from tfcomp.data import pipeline, sources
from tfcomp.errors import CodecError
from tfcomp.models import principal_components
from tfcomp.training import callbacks, devices, run_folder
from tfcomp.training.optimizers import build_optimizer

log = logging.getLogger(__name__)

_INITIALIZATION_IMAGES = 64


def train(config, folder, resume=False):
    """Trains a model as the config says and leaves everything in a run folder.

    Args:
      config: a `tfcomp.config.Config`.
      folder: the run folder; made if absent.
      resume: go on from the folder's last checkpoint, optimiser state included.

    Returns:
      the trained model.

    Raises:
      CodecError: the folder holds another run, or nothing to resume, or training diverged.
    """
    folder = Path(folder)
    # Before the folder is taken: a mistyped source must not leave a run behind.
    source = sources.open_source(config.data.source, config.data.data_dir, config.data.split)
    _claim(folder, config, resume)
    settings = config.training
    strategy = devices.strategy(settings.strategy)
    keras.mixed_precision.set_global_policy(settings.precision)
    keras.utils.set_random_seed(settings.seed)

    with strategy.scope():
        model = run_folder.build_model(config)
        model.compile(optimizer=build_optimizer(config.optimizer, settings.steps))
        model.clip_norm = config.optimizer.clip_norm
        model.optimizer.build(model.trainable_variables)
        step = tf.Variable(0, dtype=tf.int64, trainable=False, name="step")
    checkpoint = tf.train.Checkpoint(model=model, optimizer=model.optimizer, step=step)
    manager = tf.train.CheckpointManager(checkpoint, str(folder / "checkpoints"), max_to_keep=2)
    if resume:
        if not manager.latest_checkpoint:
            raise CodecError(f"{folder} has no checkpoint to resume from: leave out --resume")
        checkpoint.restore(manager.latest_checkpoint).assert_consumed()
        # Restoring does not rewind the noise and quality draws; a resumed run draws new ones.
        keras.utils.set_random_seed(settings.seed + int(step))
        log.info("resuming %s at step %d", folder, int(step))

    pictures = _first_images(source, config)
    if not resume:
        _start(model, config, pictures)
    remaining = settings.steps - int(step)
    if remaining > 0:
        _fit(model, source, config, folder, manager, step, pictures[:8])
    if config.optimizer.average_decay:
        model.optimizer.finalize_variable_values(model.trainable_variables)
    run_folder.save_weights(model, folder)
    return model


def _start(model, config, pictures):
    """Sets the weights that training begins with."""
    if config.training.start_from is None:
        principal_components.initialize(model, pictures, config.training.seed)
        return
    if not run_folder.start_from(model, config.training.start_from):
        latents = model.transform(tf.cast(pictures, tf.float32) / 255.0)
        principal_components.start_prior(model, latents)


def _claim(folder, config, resume):
    """Makes the folder, or checks that it holds the very run that is to go on."""
    text = config_module.dump(config)
    path = folder / "config.yaml"
    if resume:
        if not path.is_file():
            raise CodecError(f"{folder} holds no run: leave out --resume to start one")
        return
    if path.exists():
        raise CodecError(f"{folder} holds a run already: give another --out, or --resume")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CodecError(f"can't write the run folder {folder}: {error.strerror}") from error


def _batches(source, config, batch_size, start_step=0):
    data = config.data
    shape = [batch_size, data.crop, data.crop, 3]
    batches = pipeline.training_batches(
        source,
        crop=data.crop,
        batch_size=batch_size,
        seed=config.training.seed,
        downscale=tuple(data.downscale),
        downscale_probability=data.downscale_probability,
        cache=data.cache,
        crops_per_image=data.crops_per_image,
        start_step=start_step,
    )
    return batches.map(lambda images: tf.ensure_shape(images, shape))


def _first_images(source, config):
    """Crops for the initialisation and the pictures, sides cut to a multiple of the stride."""
    images = next(iter(_batches(source, config, _INITIALIZATION_IMAGES))).numpy()
    side = images.shape[1] - images.shape[1] % config.model.stride
    return images[:, :side, :side] if side else images


def _fit(model, source, config, folder, manager, step, pictures):
    settings = config.training
    done, steps = int(step), settings.steps
    saver = callbacks.Checkpoints(manager, step, settings.checkpoint_minutes)
    logs = folder / "logs"
    observers = [
        keras.callbacks.TerminateOnNaN(),
        saver,
        callbacks.History(folder / "history.csv", append=done > 0),
        keras.callbacks.TensorBoard(str(logs), write_graph=False, update_freq="epoch"),
        callbacks.ProgressBar(steps, done),
    ]
    if settings.picture_every and len(pictures):
        observers.append(
            callbacks.Pictures(logs / "pictures", pictures, step, settings.picture_every)
        )
    # An "epoch" is one line of history; the last one may be shorter, so it has its own fit.
    lines = [(done, (steps - done) // settings.log_every, settings.log_every)]
    rest = (steps - done) % settings.log_every
    if rest:
        lines.append((steps - rest, 1, rest))
    try:
        for start, epochs, length in lines:
            if epochs == 0:
                continue
            batches = _batches(source, config, config.data.batch_size, start_step=start)
            first = int(step) // settings.log_every
            model.fit(
                batches,
                initial_epoch=first,
                epochs=first + epochs,
                steps_per_epoch=length,
                callbacks=observers,
                verbose=0,
            )
            if model.stop_training:
                raise CodecError(
                    f"training diverged at step {int(step)} (loss is not a number): lower "
                    "learning_rate or muon_step; the last good checkpoint is kept"
                )
    except KeyboardInterrupt:
        step.assign(model.optimizer.iterations)  # the last update may not have been counted yet
        saver.save()
        log.warning("stopped at step %d; go on with --resume --out %s", int(step), folder)
        raise
