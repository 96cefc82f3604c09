"""The training run: data in, run folder out.

    open source -> tf.data batches -> model.fit (train_step of the family) -> run folder
                                          |
                        checkpoints, history.csv, TensorBoard, progress bar
"""

from __future__ import annotations

import dataclasses
import functools
import logging
from pathlib import Path
from typing import Sequence

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfcomp import config as config_module
from tfcomp.config import Config
from tfcomp.data import sources
from tfcomp.data.source import ImageSource, naming_failures
from tfcomp.entropy import keras_versions
from tfcomp.errors import CodecError
from tfcomp.image_spec import spec_of
from tfcomp.interruption import Terminated
from tfcomp.models.base import CodecModel
from tfcomp.runs import claiming, run_folder
from tfcomp.training import (
    averages,
    callbacks,
    devices,
    distribution,
    precision,
    starting_point,
)
from tfcomp.training.batches import training_batches
from tfcomp.training.optimizers import build_optimizer
from tfcomp.training.run_checkpoints import RunCheckpoints

log = logging.getLogger(__name__)

_INITIALIZATION_IMAGES = 64


@dataclasses.dataclass(frozen=True)
class Guide:
    """What a caller adds to a run that a config cannot say.

    Attributes:
      source: the pictures, instead of those that the config names.
      rate: the learning rate's schedule, instead of the config's cuts.
      observers: callbacks beside the run's own. One that ends the training sets its `ended`.
      bar: whether the run shows its progress.
    """

    source: ImageSource | None = None
    rate: keras.optimizers.schedules.LearningRateSchedule | None = None
    observers: Sequence[keras.callbacks.Callback] = ()
    bar: bool = True


def train(
    config: Config, folder: str | Path, resume: bool = False, guide: Guide | None = None
) -> CodecModel | None:
    """Trains a model as the config says and leaves everything in a run folder.

    Args:
      config: of the run.
      folder: the run folder; made if absent.
      resume: go on from the folder's last checkpoint, optimiser state included.
      guide: what the config cannot say.

    Returns:
      the trained model; None on workers other than the chief.

    Raises:
      CodecError: the folder holds another run, or nothing to resume, or training diverged, or
        another worker has gone (`distribution.WorkerLostError`).
    """
    # Workers must be joined before TensorFlow does anything else.
    team = distribution.Team(devices.strategy(config.training.strategy))
    with team.noticing_losses():
        return _train(config, Path(folder), resume, team, guide or Guide())


def _train(
    config: Config, folder: Path, resume: bool, team: distribution.Team, guide: Guide
) -> CodecModel | None:
    team.check_batch_size(config.data.batch_size)
    # Before the folder is taken: a mistyped source must not leave a run behind.
    source = guide.source or sources.open_source(
        config.data.source, config.data.data_dir, config.data.split, spec_of(config.model)
    )
    with naming_failures(source):
        return _train_on(source, config, folder, resume, team, guide)


def _train_on(
    source: ImageSource,
    config: Config,
    folder: Path,
    resume: bool,
    team: distribution.Team,
    guide: Guide,
) -> CodecModel | None:
    settings = config.training
    if team.is_chief:
        check = claiming.claimed_by if resume else claiming.check_free
        check(folder)
    # Before the folder is taken, too.
    pictures = _first_images(source, config) if team.is_chief else np.empty(0)
    if team.is_chief and not resume:
        claiming.claim(folder, claiming.CONFIG, config_module.dump(config))
    policy, reason = precision.chosen(settings.precision)
    log.info("precision: %s (%s)", policy, reason)
    keras.utils.set_random_seed(settings.seed)

    with team.strategy.scope():
        with keras_versions.policy(policy):
            model = run_folder.build_model(config)
        optimizers = {
            name: build_optimizer(
                model.optimizer_settings(name, config.optimizer),
                settings.steps,
                model.hidden_kernels,
                guide.rate,
            )
            for name in model.optimizer_names
        }
        model.encoder_only = settings.encoder_only
        if settings.sequence_only:
            starting_point.check_sequence(model)
            model.frames = config.data.frames
        model.compile(**optimizers)
        model.clip_norm = config.optimizer.clip_norm
        model.seed = settings.seed
        model.total_steps = settings.steps
        for name, optimizer in optimizers.items():
            optimizer.build(model.variables_of(name))
        averages.attach(model, config.optimizer)
    step = tf.Variable(0, dtype=tf.int64, trainable=False, name="step")
    checkpoints = RunCheckpoints(folder / "checkpoints", model, step)
    if team.is_chief and resume:
        checkpoints.restore()
        log.info("resuming %s at step %d", folder, int(step))
    elif team.is_chief:
        # What starts a model need not know of replicas: it is given a plain one.
        plain = model
        if team.replicas > 1:
            keras.utils.set_random_seed(settings.seed)  # one process draws the same weights
            plain = run_folder.build_model(config)
        _start(plain, config, pictures)
        if plain is not model:
            distribution.copy_weights(plain, model)
        # Until now they held the weights of an untrained model.
        for each in model.averages.values():
            each.start()
    kept = [variable for optimizer in optimizers.values() for variable in optimizer.variables]
    kept += [value for each in model.averages.values() for value in each.values]
    team.copy_from_chief([*model.weights, *kept, step])
    remaining = settings.steps - int(step)
    if remaining > 0:
        _fit(model, source, config, folder, checkpoints, pictures[:8], team, guide)
    # The checkpoints keep the weights that training goes on with; only the result is averages.
    for each in model.averages.values():
        each.use()
    if not team.is_chief:
        return None
    if team.replicas > 1:
        # What follows gets a model that knows nothing of replicas.
        replicated, model = model, run_folder.build_model(config)
        distribution.copy_weights(replicated, model)
    precision.use_float32(model)
    if settings.encoder_only and settings.start_from:
        starting_point.take_tables(model, config)
    elif settings.sequence_only and settings.start_from:
        starting_point.take_tables(model, config)
        model.frames = config.data.frames
        model.finish_sequence(training_batches(source, config, config.data.batch_size))
    else:
        model.finish(training_batches(source, config, config.data.batch_size))
    run_folder.save_weights(model, folder)
    return model


def _start(model: CodecModel, config: Config, pictures: np.ndarray) -> None:
    """Sets the weights that training begins with."""
    model.note_channels(pictures)
    if config.training.start_from is None:
        if config.training.sequence_only:
            raise CodecError("sequence_only needs start_from: the run that it goes on with")
        model.initialize(pictures, config.training.seed)
        return
    fits = starting_point.start_from(model, config.training.start_from, pictures)
    if config.training.sequence_only:
        starting_point.check_same_pictures(config, fits)
        return
    if config.training.encoder_only:
        starting_point.check_same_decoder(config, fits)
        return
    latents = model.transform(model.in_units(pictures))
    begin = model.prior.revive if fits else model.prior.start
    begin(model, latents)


def _first_images(source: ImageSource, config: Config) -> np.ndarray:
    """Crops for the initialisation and the pictures, sides cut to a multiple of the stride."""
    images = next(iter(training_batches(source, config, _INITIALIZATION_IMAGES))).numpy()
    side = images.shape[1] - images.shape[1] % config.model.stride
    return images[:, :side, :side] if side else images


def _fit(
    model: CodecModel,
    source: ImageSource,
    config: Config,
    folder: Path,
    checkpoints: RunCheckpoints,
    pictures: np.ndarray,
    team: distribution.Team,
    guide: Guide,
) -> None:
    settings, step = config.training, checkpoints.step
    done, steps = int(step), settings.steps
    saver = callbacks.Checkpoints(checkpoints, settings.checkpoint_minutes, team.is_chief)
    logs = folder / "logs"
    observers = [keras.callbacks.TerminateOnNaN(), saver]
    if team.is_chief:
        observers += [
            callbacks.History(folder / "history.csv", append=done > 0),
            keras.callbacks.TensorBoard(str(logs), write_graph=False, update_freq="epoch"),
            *([callbacks.ProgressBar(steps, done)] if guide.bar else []),
            *guide.observers,
        ]
    if settings.picture_every and len(pictures):
        observers.append(
            callbacks.Pictures(logs / "pictures", pictures, step, settings.picture_every)
        )
    change = round(settings.float32_from * steps) if model.transform_dtype != "float32" else 0
    try:
        for start, length, in_float32 in precision.parts(done, steps, settings.log_every, change):
            if in_float32:
                precision.use_float32(model)
                model.make_train_function(force=True)
            _fit_part(model, source, config, team, observers, start, length)
            if any(getattr(observer, "ended", False) for observer in guide.observers):
                break
            if model.stop_training:
                raise CodecError(
                    f"training diverged at step {int(step)} (loss is not a number): lower "
                    "learning_rate or muon_step; the last good checkpoint is kept"
                )
    except (KeyboardInterrupt, Terminated, tf.errors.OpError) as error:
        unforeseen = isinstance(error, tf.errors.OpError) and source.failure is None
        if unforeseen or team.workers > 1:  # the others are in the middle of a step, and not saving
            raise
        # The last update may not have been counted yet.
        step.assign(getattr(model, model.optimizer_names[0]).iterations)
        saver.save()
        log.warning("stopped at step %d; go on with --resume --out %s", int(step), folder)
        raise


def _fit_part(
    model: CodecModel,
    source: ImageSource,
    config: Config,
    team: distribution.Team,
    observers: Sequence[keras.callbacks.Callback],
    start: int,
    length: int,
) -> None:
    """Trains `length` steps from step `start` on."""
    # An "epoch" is one line of history; the last one may be shorter, so it has its own fit.
    line, size = config.training.log_every, config.data.batch_size
    whole, rest = divmod(length, line)
    for first, epochs, steps in ((start, whole, line), (start + whole * line, 1, rest)):
        if not (epochs and steps) or model.stop_training:
            continue
        batches = team.distribute(
            functools.partial(training_batches, source, config, size, start_step=first), size
        )
        model.fit(
            batches,
            initial_epoch=first // line,
            epochs=first // line + epochs,
            steps_per_epoch=steps,
            callbacks=observers,
            shuffle=False,  # the batches are shuffled, and Keras 3 would warn of it
            verbose=0,
        )
