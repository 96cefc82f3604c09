"""How a hyperprior starts: as a trained one, or at the sizes of latents.

Hyper-latents that are made anew begin with a size that training can work with.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfcomp.entropy.integer_layers import ACTIVATION_BITS, WEIGHT_BITS
from tfcomp.entropy_kinds.hyperprior.prior.scale_ladder import ScaleLadder
from tfcomp.entropy_kinds.prior import deviations

log = logging.getLogger(__name__)

# The logarithm of z's standard deviation in steps, at the first and the last quality.
_FIRST_HYPER_LOG_GAINS = (-1.0, 0.0)


def start(prior: Any, model: Any, y: tf.Tensor) -> None:
    """See `Prior.start`."""
    set_scales(prior, deviations(y) * np.exp(model.log_gain.numpy()))
    start_hyper_latents(prior, *_at_all_qualities(model, y))


def revive(prior: Any, model: Any, y: tf.Tensor) -> None:
    """Starts hyper-latents again that have died in training; see `Prior.revive`."""
    latents, quality = _at_all_qualities(model, y)
    if hyper_latents_are_dead(prior, latents, quality):
        log.warning("the hyper-latents have died: they start again")
        start_hyper_latents(prior, latents, quality)


def take(prior: Any, trained: Any) -> bool:
    """Gives a `Hyperprior` the variables of a trained one of the same networks.

    Those of the ladder and of dependent frames are taken where both have them.

    Returns:
      whether that was possible; if not, nothing has changed.
    """
    groups = [(_in_every_one(prior), _in_every_one(trained))]
    if prior.sequence and trained.sequence:
        groups.append((prior.sequence.variables, trained.sequence.variables))
    shapes = [[[v.shape for v in variables] for variables in group] for group in groups]
    if prior.passes != trained.passes or any(mine != its for mine, its in shapes):
        return False
    for mine, its in [*groups, (prior.ladder.variables, trained.ladder.variables)]:
        for variable, value in zip(mine, its):
            variable.assign(value)
    return True


def _in_every_one(prior: Any) -> list[tf.Variable]:
    """The variables but those of the ladder and of dependent frames."""
    parts = [prior.ladder, *([prior.sequence] if prior.sequence else [])]
    others = {id(variable) for part in parts for variable in part.variables}
    return [variable for variable in prior.variables if id(variable) not in others]


def set_scales(prior: Any, sizes: np.ndarray) -> None:
    """Starts every channel's scale at the size of its values.

    Args:
      prior: the `Hyperprior`.
      sizes: standard deviations, float32 [qualities, C], in steps.
    """
    set_indices(prior, ScaleLadder.index_of(sizes))


def set_indices(prior: Any, index: np.ndarray) -> None:
    """Starts every channel at a place of the ladder, float32 [qualities, C]."""
    units = 2.0 ** (WEIGHT_BITS + ACTIVATION_BITS - 8)
    for layers, step in zip(prior.pass_layers, prior.passes):
        layers["scale"].bias.assign(index[:, step.start : step.start + step.channels] / units)


def first_hyper_log_gain(qualities: int, channels: int) -> np.ndarray:
    """The initial gains of hyper-latents: float32 [qualities, channels]."""
    gains = np.linspace(*_FIRST_HYPER_LOG_GAINS, qualities, dtype=np.float32)
    return np.repeat(gains[:, None], channels, axis=1)


def start_hyper_latents(prior: Any, latents: tf.Tensor, quality: tf.Tensor) -> None:
    """Starts h_a afresh, with outputs normalised to a spread that training can work with.

    Hyper-latents that are too large at first cost more bits than they save. Training then shrinks
    them until all round to 0, from where they never recover.

    Args:
      prior: the `Hyperprior`.
      latents: float32 [B, h, w, C] in steps.
      quality: int32 [B].
    """
    layers = zip(prior.analysis_kernels, prior.analysis_biases)
    for number, (kernel, bias) in enumerate(layers):
        kernel.assign(keras.initializers.GlorotNormal(seed=1 + number)(kernel.shape))
        bias.assign(tf.zeros_like(bias))
    prior.hyper_log_gain.assign(tf.zeros_like(prior.hyper_log_gain))
    z = prior.hyper_analysis(latents, quality)
    mean, variance = tf.nn.moments(z, (0, 1, 2))
    deviation = tf.sqrt(variance) + 1e-6
    prior.analysis_kernels[-1].assign(prior.analysis_kernels[-1] / deviation)
    prior.analysis_biases[-1].assign(-mean / deviation)
    prior.hyper_log_gain.assign(first_hyper_log_gain(prior.qualities, prior.hyper_channels))
    prior.hyper_prior.start_again(np.ones(prior.hyper_channels, np.float32))


def hyper_latents_are_dead(prior: Any, latents: tf.Tensor, quality: tf.Tensor) -> bool:
    """Whether all hyper-latents of these latents, float32 [B, h, w, C], round to 0."""
    return not np.any(np.rint(prior.hyper_analysis(latents, quality)))


def _at_all_qualities(model: Any, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(latents in steps, quality int32 [B]): the qualities take turns."""
    quality = tf.range(tf.shape(y)[0]) % model.qualities + 1
    return y * model.gain(quality)[:, None, None, :], quality
