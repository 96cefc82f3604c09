"""A hyperprior of bits: its networks choose the probability of each bit, exact in integers.

Files, networks and coders are those of every hyperprior; only the ladder is another, and all means
are 0. A latent is a bit, 0 or 1, or in training what becomes one.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Sequence

import numpy as np
import tensorflow as tf

from tfcomp.entropy.integer_layers import straight_through
from tfcomp.entropy_kinds.hyperprior.layout import MEAN_UNITS
from tfcomp.entropy_kinds.hyperprior.prior import starting
from tfcomp.entropy_kinds.hyperprior.prior.bernoulli_ladder import BernoulliLadder
from tfcomp.entropy_kinds.hyperprior.prior.hyperprior import Hyperprior
from tfcomp.entropy_kinds.hyperprior.prior.pass_values import joined


class BitHyperprior(Hyperprior):
    """The rate of bits given hyper-latents and the groups that are decoded before.

    Args:
      settings: see `Hyperprior`.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.ladder = BernoulliLadder()
        self.layout = dataclasses.replace(self.layout, of_bits=True)
        for layers in self.pass_layers:
            layers["mean"].low = layers["mean"].high = 0.0

    @staticmethod
    def analyse(
        latents: tf.Tensor,
        gain: tf.Tensor,
        kernels: Sequence[tf.Tensor],
        biases: Sequence[tf.Tensor],
    ) -> tf.Tensor:
        """See `Hyperprior`; of the bits that latents become."""
        bits = tf.round(latents) + latents - tf.stop_gradient(latents)
        return Hyperprior.analyse(bits, gain, kernels, biases)

    def start(self, model: Any, y: tf.Tensor) -> None:
        """Starts at the shares of ones; `y` are bits, float32 [B, h, w, C]."""
        shares = np.mean(y, (0, 1, 2))
        index = self.ladder.index_of(np.repeat(shares[None], self.qualities, axis=0))
        starting.set_indices(self, index)
        quality = tf.range(tf.shape(y)[0]) % self.qualities + 1
        starting.start_hyper_latents(self, y, quality)

    def quantise(
        self,
        latents: tf.Tensor,
        quality: tf.Tensor,
        gain: tf.Tensor = None,
        training: bool = False,
        used: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Counts the bits of a code.

        Args:
          latents: float32 [B, h, w, C], 0 and 1, or between, while noise has its say.
          quality: int32 [B].
          gain: unused.
          training: noise in the rate of the hyper-latents.
          used: unused.

        Returns:
          the code as it is decoded, and bits float32 [B].
        """
        del gain, used
        height, width = tf.shape(latents)[1], tf.shape(latents)[2]
        z, z_bits = self.hyper_latents(latents, quality, training)
        features = self.hyper_synthesis(z, quality, height, width)
        parts, decoded = [z_bits], latents[..., :0]
        for number, step in enumerate(self.passes):
            mine = latents[..., step.start : step.start + step.channels]
            _, index = self.parameters(number, features, decoded * MEAN_UNITS, quality)
            # Place 0 codes nothing; see sections.py.
            coded = straight_through(mine, tf.where(index > 0, mine, 0.0))
            decoded, bits = joined(decoded, coded, self.ladder.bits(coded, index), step)
            parts.append(bits)
        return decoded, tf.add_n(parts)

    def symbols(self, latents: np.ndarray) -> np.ndarray:
        """Features float32 [h, w, C] -> what the coder rounds: the sigmoid, as an encoder gives it.

        A bit that costs much must be surer than one that costs little
        (tfcomp/bitstream/rate_distortion_quantizer.py).
        """
        return (1 / (1 + np.exp(-latents.astype(np.float64)))).astype(np.float32)


def make(settings: Any) -> BitHyperprior:
    """The prior of a model's config."""
    return BitHyperprior(qualities=settings.qualities, **dataclasses.asdict(settings.hyperprior))
