"""Starts a tied transform as an orthonormal one: principal components, level by level.

Noise is a poor start for a transform that must be its own inverse. Each strided level instead
starts with the principal components of its input's 2x2 blocks: an orthonormal map whose
transpose undoes it, decorrelates colours and frequencies (the Karhunen-Loeve transform that the
discrete cosine transform approximates) and orders channels by energy. With GDN and residual
branches starting near the identity, the whole network starts as a block transform coder; training
widens the blocks into overlapping, nonlinear ones.
"""

from __future__ import annotations

import logging

import numpy as np
import tensorflow as tf

from tfcomp.entropy.hyperprior import Hyperprior
from tfcomp.models.base import CodecModel

log = logging.getLogger(__name__)

_SPARE_CHANNEL_NORM = 0.01
_PRIOR_IMAGES = 16


def _block_basis(x: np.ndarray, channels: int, rng: np.random.Generator) -> np.ndarray:
    """Principal components of 2x2 blocks.

    Args:
      x: float32 [B, H, W, C_in].
      channels: how many to keep; where the blocks have fewer than that, the spare ones get
        small random directions.
      rng: draws those.

    Returns:
      float32 [2, 2, C_in, channels], the components in decreasing order of energy.
    """
    width = x.shape[-1]
    blocks = tf.reshape(tf.nn.space_to_depth(x, 2), [-1, 4 * width]).numpy().astype(np.float64)
    covariance = blocks.T @ blocks / len(blocks)
    _, vectors = np.linalg.eigh(covariance)
    kept = vectors[:, ::-1][:, :channels]
    spare = channels - kept.shape[1]
    if spare > 0:
        random = rng.normal(size=(4 * width, spare))
        random *= _SPARE_CHANNEL_NORM / np.linalg.norm(random, axis=0, keepdims=True)
        kept = np.concatenate([kept, random], axis=1)
    return kept.reshape(2, 2, width, channels).astype(np.float32)


def initialize(model: CodecModel, images: np.ndarray, seed: int = 0) -> None:
    """Sets a `CycleModel`'s kernels, and the sizes its prior expects, from sample images.

    Args:
      model: a built `CycleModel`.
      images: uint8 [B, H, W, 3] training crops, H and W multiples of the stride.
      seed: for the spare channels' directions.
    """
    rng = np.random.default_rng(seed)
    x = tf.cast(images, tf.float32) / 255.0 - 0.5
    for stage in model.levels:
        down = stage[0]
        basis = _block_basis(x, down.filters, rng)
        kernel = np.zeros(down.kernel.shape, np.float32)
        # SAME padding of an even side puts the output's own 2x2 block at this tap.
        start = (down.kernel_size - 2) // 2
        kernel[start : start + 2, start : start + 2] = basis
        down.kernel.assign(kernel)
        if down.synthesis_kernel is not down.kernel:
            down.synthesis_kernel.assign(kernel)
        for layer in stage:
            x = tf.cast(layer.analysis(tf.cast(x, model.transform_dtype)), tf.float32)
    start_prior(model, x)


def start_prior(model: CodecModel, y: tf.Tensor) -> None:
    """Starts the entropy model at the sizes of the transform's values.

    Args:
      model: the `CycleModel`.
      y: float32 [B, h, w, C], latents before any quality's gain.
    """
    deviations = np.sqrt(np.mean(np.square(y.numpy()), axis=(0, 1, 2)))
    if isinstance(model.prior, Hyperprior):
        model.prior.set_scales(deviations * np.exp(model.log_gain.numpy()))
        model.prior.start_hyper_latents(*_at_all_qualities(model, y))
    else:
        model.prior.set_units(deviations)
        fit_prior(model, y[:_PRIOR_IMAGES])


def wake_hyper_latents(model: CodecModel, y: tf.Tensor) -> None:
    """Starts hyper-latents again that have died in training: all of them are 0 at all qualities.

    Args:
      model: one whose entropy model is a `Hyperprior`.
      y: float32 [B, h, w, C], latents before any quality's gain.
    """
    latents, quality = _at_all_qualities(model, y)
    if model.prior.hyper_latents_are_dead(latents, quality):
        log.warning("the hyper-latents have died: they start again")
        model.prior.start_hyper_latents(latents, quality)


def _at_all_qualities(model: CodecModel, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(latents in steps, quality int32 [B]): the qualities take turns."""
    quality = tf.range(tf.shape(y)[0]) % model.qualities + 1
    return y * model.gain(quality)[:, None, None, :], quality


def fit_prior(
    model: CodecModel, y: tf.Tensor, steps: int = 300, learning_rate: float = 0.02
) -> None:
    """Fits the densities to given latents with the transform frozen.

    Without it the first thousand steps of training would mostly teach the prior the spread of
    values that the transform has from its first step.

    Args:
      model: the `CycleModel`.
      y: float32 [B, h, w, C], latents before any quality's gain.
      steps: Adam steps; each sees the latents at random qualities.
      learning_rate: of those steps.
    """
    optimizer = tf.keras.optimizers.Adam(learning_rate)
    variables = list(model.prior.trainable_variables)
    optimizer.build(variables)

    @tf.function
    def step() -> tf.Tensor:
        quality = tf.random.uniform(tf.shape(y)[:1], 1, model.qualities + 1, tf.int32)
        gain = model.gain(quality)
        symbols = y * gain[:, None, None, :]
        symbols += tf.random.uniform(tf.shape(symbols), -0.5, 0.5)
        with tf.GradientTape() as tape:
            bits = tf.reduce_sum(model.prior.bits(symbols, gain)) / tf.cast(tf.size(y), tf.float32)
        optimizer.apply_gradients(zip(tape.gradient(bits, variables), variables))
        return bits

    for number in range(steps):
        if number == int(0.7 * steps):
            optimizer.learning_rate.assign(learning_rate / 5)
        step()
