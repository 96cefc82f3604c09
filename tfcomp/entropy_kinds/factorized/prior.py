"""The factorized prior: one learned density a channel, read at each quality's step size.

A latent channel has one density f_c over its real values y. Quality q quantises y with step
1 / g_qc (g is the quality's gain), so the symbol k has the probability

    P(k | q, c) = F_c((k + 1/2 + o) / g_qc) - F_c((k - 1/2 + o) / g_qc)

with F_c the cumulative of Balle et al. 2018 (arXiv:1802.01436), appendix 6.1, and o a
quantisation offset. All qualities train one and the same density.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy import noise
from tfcomp.entropy_kinds.factorized.coder import FactorizedCoder
from tfcomp.entropy_kinds.factorized.kind import KIND
from tfcomp.entropy_kinds.prior import Prior, deviations

INITIAL_SCALE = 4.0
_MINIMUM_LIKELIHOOD = 1e-9
_START_IMAGES = 16


class FactorizedPrior(Prior):
    """Learned densities of latent channels, which all qualities share.

    Args:
      channels: number of latent channels C.
      backend: see `Prior`.
    """

    kind = KIND

    def __init__(self, channels: int, backend: Any = None, name: str = "factorized_prior") -> None:
        super().__init__(name, backend)
        self.channels = int(channels)
        self._density = self._backend.deep_factorized(self.channels, INITIAL_SCALE)
        # The density sees y in units of its channel's typical size, so that channels of very
        # different sizes (DC and fine detail) learn at the same pace.
        self.log_unit = self.add_weight(
            name="log_unit", shape=(self.channels,), initializer="zeros"
        )

    def set_units(self, standard_deviations: np.ndarray) -> None:
        """Starts each channel's density at the size of its values, float32 [C]."""
        self.log_unit.assign(np.log(np.maximum(standard_deviations, 1e-4)))

    def start_again(self, standard_deviations: np.ndarray) -> None:
        """Replaces the densities by fresh ones of these sizes, float32 [C]."""
        fresh = FactorizedPrior(self.channels, self._backend.NAME)
        fresh.set_units(standard_deviations)
        for variable, value in zip(self.trainable_variables, fresh.trainable_variables):
            variable.assign(value)

    def start(self, model: Any, y: tf.Tensor) -> None:
        self.set_units(deviations(y))
        fit_prior(model, y[:_START_IMAGES])

    @property
    def _unit(self) -> tf.Tensor:
        return tf.exp(self.log_unit)

    def quantise(
        self, latents: tf.Tensor, quality: tf.Tensor, gain: tf.Tensor, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Quantises latents and counts their bits.

        Args:
          latents: float32 [B, h, w, C] in steps.
          quality: int32 [B]; unused: one density serves all.
          gain: float32 [B, C], steps per unit of y.
          training: uniform noise in the rate where True, rounding where False.

        Returns:
          rounded float32 [B, h, w, C] (straight through), bits float32 [B].
        """
        del quality
        rounded = latents + tf.stop_gradient(tf.round(latents) - latents)
        if not training:
            return rounded, self.bits(rounded, gain)
        noisy = latents + noise.uniform(latents)
        return rounded, self.bits(noisy, gain)

    def bits(self, symbols: tf.Tensor, gain: tf.Tensor) -> tf.Tensor:
        """Shannon information of noisy or rounded symbols.

        Args:
          symbols: float32 [B, h, w, C], y * gain plus noise or rounded.
          gain: float32 [B, C], steps per unit of y.

        Returns:
          float32 [B], bits an image; differentiable.
        """
        scale = (gain * self._unit)[:, None, None, :]
        # The sign keeps both cumulatives of a symbol on the side where sigmoids are exact.
        upper = self._density._logits_cumulative((symbols + 0.5) / scale)
        lower = self._density._logits_cumulative((symbols - 0.5) / scale)
        sign = -tf.stop_gradient(tf.sign(upper + lower))
        likelihood = tf.abs(tf.sigmoid(sign * upper) - tf.sigmoid(sign * lower))
        nats = -tf.math.log(tf.maximum(likelihood, _MINIMUM_LIKELIHOOD))
        return tf.reduce_sum(nats, (1, 2, 3)) / np.log(2.0)

    def freeze(self, gains: np.ndarray) -> dict[str, CdfTables]:
        """Q * C tables of "latents", quality by quality, channel by channel; see `Prior.freeze`."""
        scales = np.asarray(gains, np.float32) * np.asarray(self._unit)
        return {"latents": self._backend.deep_factorized_tables(self._density, scales)}

    def coder(self, tables: dict[str, CdfTables]) -> FactorizedCoder:
        qualities = tables["latents"].count // self.channels
        return FactorizedCoder(tables, qualities, self.channels, self._backend.CheckedCoder)


def make(settings: Any) -> FactorizedPrior:
    """The prior of a model's config; see `EntropyKind.prior`."""
    return FactorizedPrior(settings.channels)


def fit_prior(model: Any, y: tf.Tensor, steps: int = 300, learning_rate: float = 0.02) -> None:
    """Fits the densities to given latents while the transform is frozen.

    Without it the prior would spend the first thousand steps of training on learning how widely the
    transform's values spread.

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
