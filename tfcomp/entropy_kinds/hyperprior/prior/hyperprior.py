"""A scale and mean hyperprior with channel-conditional context, exact in integers.

    y --h_a--> z --round--> h_s ----------------> features --+
                                                              |
    group 1 of channels  <- mean, scale index <- net 1 <------+
    group 2              <- mean, scale index <- net 2 <------+-- decoded group 1
    group 3 ...          <- mean, scale index <- net 3 <------+-- decoded groups 1, 2

Hyperprior: Balle et al. 2018 (arXiv:1802.01436) and Minnen et al. 2018 (arXiv:1809.02736); groups
of channels conditioned on the ones before: Minnen, Singh 2020 (arXiv:2007.08739). Everything from
z on is integer arithmetic (integer_layers.py): the decoder must choose exactly the encoder's
tables, on every machine.

Latents are counted in quantisation steps. A mean is an integer in eighths of a step, a scale an
index into a geometric ladder of densities. Index 0 says "zero here": nothing is coded.
"""

from __future__ import annotations

from typing import Any, Iterable, Sequence

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfcomp.bitstream.rate_distortion_quantizer import DISTORTION_WEIGHT
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy import integer_layers, noise
from tfcomp.entropy.integer_layers import IntegerConv, clip, straight_through
from tfcomp.entropy.quality_levels import nearest_level
from tfcomp.entropy_kinds.factorized.prior import FactorizedPrior
from tfcomp.entropy_kinds.hyperprior.coder import HyperpriorCoder
from tfcomp.entropy_kinds.hyperprior.frame_before import FrameBefore
from tfcomp.entropy_kinds.hyperprior.kind import KIND
from tfcomp.entropy_kinds.hyperprior.layout import (
    CONTEXT_LIMIT,
    HYPER_STRIDE,
    MEAN_UNITS,
    SEQUENCE_WEIGHT,
    Layout,
)
from tfcomp.entropy_kinds.hyperprior.prior import (
    starting,
    table_calibration,
    threshold_rounding,
)
from tfcomp.entropy_kinds.hyperprior.prior.eager_networks import EagerNetworks
from tfcomp.entropy_kinds.hyperprior.prior.pass_values import joined
from tfcomp.entropy_kinds.hyperprior.prior.scale_ladder import ScaleLadder
from tfcomp.entropy_kinds.hyperprior.prior.sequence import SequenceNetworks
from tfcomp.entropy_kinds.prior import Prior


def _activate(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.leaky_relu(x, 0.1)


class Hyperprior(Prior):
    """The rate of latents given hyper-latents and the groups that are decoded before.

    Args:
      qualities: quality levels.
      quality_steps: see `CycleModelConfig`.
      backend: see `Prior`.
      others: see `HyperpriorConfig`.
    """

    kind = KIND

    def __init__(
        self,
        groups: Sequence[int],
        qualities: int,
        checkerboard: int = 1,
        rows_per_stream: Sequence[int] | None = None,
        hyper_channels: int = 32,
        features: int = 64,
        hidden: int = 96,
        heavy_tails: bool = False,
        skipped_scales: int = 0,
        distortion_weights: tuple[float, float] = (DISTORTION_WEIGHT, DISTORTION_WEIGHT),
        quincunx: int = 0,
        pointwise_context: bool = False,
        sequence: bool = False,
        sequence_hidden: int = 48,
        quality_steps: int = 1,
        backend: Any = None,
        name: str = "hyperprior",
    ) -> None:
        super().__init__(name, backend)
        self.groups, self.qualities = tuple(groups), int(qualities)
        self.ladder: Any = ScaleLadder(heavy_tails, skipped_scales, backend)
        channels = sum(self.groups)
        self.channels, self.hyper_channels = channels, int(hyper_channels)
        shapes = (
            (1, 1, 2 * channels, features),
            (3, 3, features, features),
            (3, 3, features, self.hyper_channels),
        )
        self.analysis_kernels = [
            self.add_weight(
                name=f"entropy_kernel_{number}",
                shape=shape,
                initializer=keras.initializers.GlorotNormal(seed=1 + number),
            )
            for number, shape in enumerate(shapes)
        ]
        self.analysis_biases = [
            self.add_weight(name=f"h_a_bias_{number}", shape=(shape[-1],), initializer="zeros")
            for number, shape in enumerate(shapes)
        ]
        self.hyper_prior = FactorizedPrior(hyper_channels, backend)
        first = starting.first_hyper_log_gain(self.qualities, self.hyper_channels)
        self.hyper_log_gain = self.add_weight(
            name="hyper_log_gain", shape=first.shape, initializer=keras.initializers.Constant(first)
        )
        q = self.qualities
        self.hyper_layers = [
            IntegerConv(hyper_channels, features, 3, q, name="h_s_0"),
            IntegerConv(features, 4 * features, 3, name="h_s_1"),
        ]
        self.layout = Layout(
            self.groups,
            int(checkerboard),
            self.hyper_channels,
            tuple(rows_per_stream or [1] * self.qualities),
            tuple(np.geomspace(*distortion_weights, self.qualities).round(3).tolist()),
            int(quincunx),
            int(quality_steps),
            bool(sequence),
        )
        self.passes = self.layout.passes
        self.pass_layers = [
            self._pass_layers(number, features, hidden, pointwise_context)
            for number in range(len(self.passes))
        ]
        parts = self.passes, self.hyper_channels, sequence_hidden, q, self.ladder, backend
        self.sequence = SequenceNetworks(*parts) if sequence else None

    def _pass_layers(
        self, number: int, features: int, hidden: int, pointwise_context: bool
    ) -> dict[str, IntegerConv]:
        size, context = self.passes[number].channels, 2 * self.passes[number].seen
        whole = self.passes[number].parity is None  # all squares at once
        pointwise = context if pointwise_context and whole else 0
        q, top = self.qualities, float(MEAN_UNITS * 127)
        name = f"pass_{number}"
        return {
            "first": IntegerConv(
                features + context, hidden, 3, q, pointwise=pointwise, name=name + "_first"
            ),
            "second": IntegerConv(hidden, hidden, 1, name=name + "_second"),
            "mean": IntegerConv(
                hidden, size, 1, q, shift=9, low=-top, high=top, gain=0.02, name=name + "_mean"
            ),
            "scale": IntegerConv(
                hidden,
                size,
                1,
                q,
                high=self.ladder.count - 1.0,
                gain=0.1,
                offset=-self.ladder.skipped,
                name=name + "_scale",
            ),
        }

    @property
    def quality_steps(self) -> int:
        return self.layout.quality_steps

    def start(self, model: Any, y: tf.Tensor) -> None:
        starting.start(self, model, y)

    def revive(self, model: Any, y: tf.Tensor) -> None:
        starting.revive(self, model, y)

    def start_from(self, trained: Hyperprior) -> bool:
        return starting.take(self, trained)

    def hyper_analysis(self, latents: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """h_a: float32 [B, h, w, C] in steps -> [B, ceil(h/2), ceil(w/2), Cz], not rounded."""
        gain = tf.exp(tf.gather(self.hyper_log_gain, nearest_level(quality) - 1))
        return self.analyse(latents, gain, self.analysis_kernels, self.analysis_biases)

    def hyper_latents(
        self, latents: tf.Tensor, quality: tf.Tensor, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """z, rounded straight through, and its bits float32 [B], of noisy ones when training."""
        z = self.hyper_analysis(latents, quality)
        rounded = straight_through(z, tf.round(z))
        gain = tf.exp(tf.gather(self.hyper_log_gain, nearest_level(quality) - 1))
        return rounded, self.hyper_prior.bits(z + noise.uniform(z) if training else rounded, gain)

    @staticmethod
    def analyse(
        latents: tf.Tensor,
        gain: tf.Tensor,
        kernels: Sequence[tf.Tensor],
        biases: Sequence[tf.Tensor],
    ) -> tf.Tensor:
        """h_a with the given weights and gain float32 [B, Cz], in operations that TFLite has."""
        size = tf.math.log(1.0 + tf.abs(latents))
        signed = tf.sign(latents) * tf.math.log(tf.abs(latents) + tf.sqrt(tf.square(latents) + 1.0))
        x = tf.concat([size, signed], axis=-1)
        strides = (1, 1, HYPER_STRIDE)
        for number, (weights, bias, stride) in enumerate(zip(kernels, biases, strides)):
            if number:
                x = integer_layers.pad_edges(_activate(x), 1)
            x = tf.nn.conv2d(x, weights, stride, "VALID") + bias
        return x * gain[:, None, None, :]

    def hyper_synthesis(
        self,
        hyper_latents: tf.Tensor,
        quality: tf.Tensor,
        height: int | tf.Tensor,
        width: int | tf.Tensor,
    ) -> tf.Tensor:
        """h_s: rounded z -> features, float32 integers [B, height, width, features]."""
        top = integer_layers.LARGEST_HYPER_LATENT
        x = clip(hyper_latents, -top, top) * integer_layers.HYPER_LATENT_UNITS
        x = self.hyper_layers[0].convolve(x, quality)
        x = tf.nn.depth_to_space(self.hyper_layers[1].convolve(x, quality), HYPER_STRIDE)
        return x[:, :height, :width]

    def parameters(
        self, number: int, features: tf.Tensor, context: tf.Tensor, quality: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Means (integers in eighths of a step) and scale indices of one pass.

        Args:
          number: which pass, from 0.
          features: of `hyper_synthesis`.
          context: float32 integers [B, h, w, channels seen], decoded latents in eighths of a
            step; squares that are not decoded yet are 0. Ignored by the first pass.
          quality: int32 [B].

        Returns:
          two float32 arrays of integers [B, h, w, channels of the pass], for every square.
        """
        layers = self.pass_layers[number]
        x = features
        if number:
            seen = clip(context, -CONTEXT_LIMIT, CONTEXT_LIMIT)
            x = tf.concat([features, tf.abs(seen), seen], axis=-1)
        x = layers["second"].convolve(layers["first"].convolve(x, quality), quality)
        return layers["mean"].convolve(x, quality), layers["scale"].convolve(x, quality)

    def quantise(
        self,
        latents: tf.Tensor,
        quality: tf.Tensor,
        gain: tf.Tensor = None,
        training: bool = False,
        used: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Quantises latents and counts their bits.

        Args:
          latents: float32 [B, h, w, C] in steps.
          quality: int32 [B].
          gain: unused: latents are in steps already.
          training: uniform noise in the rate where True, rounding where False.
          used: float32 [B, C], 0 for channels that are always 0 at an image's quality. These get no
            noise, which would count as bits that no file spends. None where all are used.

        Returns:
          decoded float32 [B, h, w, C] (rounded as the encoder does, straight through), bits
          float32 [B].
        """
        del gain
        frame, bits = self.quantise_frame(latents, quality, training, used)
        return frame.latents, bits

    def quantise_frame(
        self,
        latents: tf.Tensor,
        quality: tf.Tensor,
        training: bool = False,
        used: tf.Tensor | None = None,
        before: FrameBefore | None = None,
    ) -> tuple[FrameBefore, tf.Tensor]:
        """`quantise`, with all that a further frame may depend on.

        `before` is the frame on which this one depends, of the same quality: latents float32
        [B, h, w, C] in steps, hyper-latents float32 [B, ceil(h/2), ceil(w/2), Cz].

        Returns:
          the decoded frame, likewise, and bits float32 [B]; of a dependent frame without those of
          the hyper-latents, of which nothing is trained.
        """
        height, width = tf.shape(latents)[1], tf.shape(latents)[2]
        z_rounded, hyper_bits = self.hyper_latents(latents, quality, training)
        parts = [hyper_bits] if before is None else []
        sequence = None if before is None else self.sequence
        ladder = sequence.ladder if sequence else self.ladder
        features = self.hyper_synthesis(z_rounded, quality, height, width)
        bit_steps = threshold_rounding.bit_steps(ladder)
        weights = tf.constant(self.layout.distortion_weights)
        weight = tf.gather(weights, nearest_level(quality) - 1)
        if before is not None:
            weight *= SEQUENCE_WEIGHT
        decoded = latents[..., :0]
        for number, step in enumerate(self.passes):
            start, size = step.start, step.channels
            y = latents[..., start : start + size]
            units = decoded * MEAN_UNITS
            mean, index = self.parameters(number, features, units, quality)
            if sequence and before is not None:
                was = before.latents * MEAN_UNITS
                change = sequence.change(step, units, was, z_rounded - before.hyper_latents)
                its = was[..., start : start + size]
                mean, index = sequence.parameters(number, (mean, index), change, its, quality)
            mean /= MEAN_UNITS
            residual = y - mean
            rounded = threshold_rounding.quantize(residual, index, bit_steps, weight)
            # Index 0 codes nothing; see tfcomp/entropy_kinds/hyperprior/sections.py.
            decoded_residual = tf.where(index > 0, rounded, 0.0)
            cost = (
                self._training_bits(ladder, residual, rounded, index, used, start)
                if training
                else ladder.bits(decoded_residual, index)
            )
            values = straight_through(residual, decoded_residual) + mean
            decoded, bits = joined(decoded, values, cost, step)
            parts.append(bits)
        return FrameBefore(decoded, z_rounded), tf.add_n(parts)

    def _training_bits(
        self,
        ladder: ScaleLadder,
        residual: tf.Tensor,
        rounded: tf.Tensor,
        index: tf.Tensor,
        used: tf.Tensor | None,
        start: int,
    ) -> tf.Tensor:
        """Bits that a file spends on one pass's symbols, with a gradient for training.

        A scale learns from the rounded value, which is what it has to predict. Latents and means,
        to which rounding gives no gradient, learn from the noisy value.
        """
        # Index 0 spends no bits but makes an error, so here it counts what it leaves out.
        paid = ladder.bits(rounded, index)
        drawn = noise.uniform(residual)
        if used is not None:
            drawn *= used[:, None, None, start : start + residual.shape[-1]]
        noisy = ladder.bits(residual + drawn, tf.stop_gradient(index))
        return paid + noisy - tf.stop_gradient(noisy)

    def freeze(self, gains: np.ndarray | None = None) -> dict[str, CdfTables]:
        """Tables of hyper-latents by quality and channel, and of latents by scale index.

        They do not depend on the gains.
        """
        hyper_gains = np.exp(np.asarray(self.hyper_log_gain))
        return {
            "hyper_latents": self.hyper_prior.freeze(hyper_gains)["latents"],
            "latents": self.ladder.freeze(),
            **(self.sequence.freeze() if self.sequence else {}),
        }

    def calibrated(
        self, tables: dict[str, CdfTables], pictures: Iterable[tuple[np.ndarray, int]]
    ) -> dict[str, CdfTables]:
        """See `Prior.calibrated` and table_calibration.py."""
        return table_calibration.calibrated(self, EagerNetworks(self), tables, pictures)

    def calibrated_sequence(
        self,
        tables: dict[str, CdfTables],
        sequences: Iterable[tuple[Sequence[np.ndarray], int]],
    ) -> dict[str, CdfTables]:
        """Tables of dependent frames fitted to what the encoder writes; as `calibrated`.

        `sequences` are pairs of a few frames' latents and their quality.
        """
        return table_calibration.calibrated_sequence(self, EagerNetworks(self), tables, sequences)

    def coder(self, tables: dict[str, CdfTables]) -> HyperpriorCoder:
        coder = self._backend.CheckedCoder
        return HyperpriorCoder(tables, self.layout, EagerNetworks(self), self.qualities, coder)

    def symbols(self, latents: np.ndarray) -> np.ndarray:
        """float32 [h, w, C] as they are: the coder rounds them."""
        return latents
