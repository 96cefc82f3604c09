"""The factorized prior: one learned density a channel, read at each quality's step size.

A latent channel has one density f_c over its real values y. Quality q quantises y with step
1 / g_qc (g is the quality's gain), so the symbol k has the probability

    P(k | q, c) = F_c((k + 1/2 + o) / g_qc) - F_c((k - 1/2 + o) / g_qc)

with F_c the cumulative of Balle et al. 2018 (arXiv:1802.01436), appendix 6.1, and o a
quantisation offset. All qualities train one and the same density.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf
import tensorflow_compression as tfc
import tensorflow_probability as tfp

from tfcomp.bitstream import range_coder, rows
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy import noise, tfc_range_coder

RANGE_CODER_PRECISION = 16
_MINIMUM_LIKELIHOOD = 1e-9


class _ScaledDensity(tfp.distributions.Distribution):
    """The density of g * y, given the density of y (which TFC's table builder reads)."""

    def __init__(self, base, scale):
        self._base = base
        self._scale = tf.convert_to_tensor(scale)
        super().__init__(
            dtype=base.dtype,
            reparameterization_type=base.reparameterization_type,
            validate_args=False,
            allow_nan_stats=False,
            name="ScaledDensity",
        )

    def _batch_shape(self):
        return self._base.batch_shape

    def _batch_shape_tensor(self):
        return self._base.batch_shape_tensor()

    def _event_shape(self):
        return tf.TensorShape(())

    def _event_shape_tensor(self):
        return tf.constant((), tf.int32)

    def _cdf(self, x):
        return self._base.cdf(x / self._scale)

    def _survival_function(self, x):
        return self._base.survival_function(x / self._scale)

    def _log_cdf(self, x):
        return self._base.log_cdf(x / self._scale)

    def _log_survival_function(self, x):
        return self._base.log_survival_function(x / self._scale)

    def _quantization_offset(self):
        return self._base._quantization_offset() * self._scale

    def _lower_tail(self, tail_mass):
        return self._base._lower_tail(tail_mass) * self._scale

    def _upper_tail(self, tail_mass):
        return self._base._upper_tail(tail_mass) * self._scale


class FactorizedPrior(tf.Module):
    """Learned per-channel densities of latents that several qualities share.

    Args:
      channels: number of latent channels C.
    """

    def __init__(self, channels, name="factorized_prior"):
        super().__init__(name=name)
        self.channels = int(channels)
        self._density = tfc.DeepFactorized(batch_shape=(self.channels,), init_scale=4.0)
        # The density sees y in units of its channel's typical size, so that channels of very
        # different size (DC against fine detail) learn at one pace.
        self.log_unit = tf.Variable(tf.zeros(self.channels), name="log_unit")

    def set_units(self, standard_deviations):
        """Starts each channel's density at the size of its values, float32 [C]."""
        self.log_unit.assign(np.log(np.maximum(standard_deviations, 1e-4)))

    def start_again(self, standard_deviations):
        """Forgets the densities: fresh ones, at the size of float32 [C]."""
        fresh = FactorizedPrior(self.channels)
        fresh.set_units(standard_deviations)
        for variable, value in zip(self.trainable_variables, fresh.trainable_variables):
            variable.assign(value)

    @property
    def _unit(self):
        return tf.exp(self.log_unit)

    def __call__(self, latents, quality, gain, training=False):
        """Quantises latents and counts their bits.

        Args:
          latents: float32 [B, h, w, C] in steps.
          quality: int32 [B]; unused, one density serves all.
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

    def bits(self, symbols, gain):
        """Shannon information of noisy or rounded symbols.

        Args:
          symbols: float32 [B, h, w, C], y * gain plus noise or rounded.
          gain: float32 [B, C], steps per unit of y.

        Returns:
          float32 [B], bits an image; differentiable.
        """
        scale = (gain * self._unit)[:, None, None, :]
        # Two cumulatives a symbol; the sign keeps both on the side where sigmoids are exact.
        upper = self._density._logits_cumulative((symbols + 0.5) / scale)
        lower = self._density._logits_cumulative((symbols - 0.5) / scale)
        sign = -tf.stop_gradient(tf.sign(upper + lower))
        likelihood = tf.abs(tf.sigmoid(sign * upper) - tf.sigmoid(sign * lower))
        nats = -tf.math.log(tf.maximum(likelihood, _MINIMUM_LIKELIHOOD))
        return tf.reduce_sum(nats, (1, 2, 3)) / np.log(2.0)

    def freeze(self, gains):
        """Builds the integer tables that files are written with, by TFC.

        Args:
          gains: float32 [Q, C].

        Returns:
          dict with the `CdfTables` "latents": Q * C tables, quality by quality, channel by
          channel.
        """

        def noisy(gain):
            return tfc.UniformNoiseAdapter(_ScaledDensity(self._density, gain * self._unit))

        return {"latents": frozen_tables(noisy, tf.cast(gains, tf.float32))}

    def encode(self, latents, quality, tables):
        """Writes one image's section through TFC's range coder.

        Args:
          latents: float32 [h, w, C] in steps.
          quality: int.
          tables: dict with the `CdfTables` "latents".

        Returns:
          tuple of one bytes object.
        """
        values = np.rint(latents).astype(np.int32)
        index = self._row_index(values.shape[1], quality)
        streams = tfc_range_coder.encode_rows(
            values.reshape(len(values), -1), index, tables["latents"]
        )
        return (rows.pack_rows(streams),)

    def decode(self, sections, quality, height, width, tables):
        """Reads what `encode` wrote.

        TFC's decoder may not end on hostile bytes, so the section is decoded by
        `tfcomp.bitstream` first, which refuses those.

        Returns:
          float32 [height, width, C] in steps.

        Raises:
          BitstreamError: a damaged section.
        """
        index = self._row_index(width, quality)
        streams = rows.unpack_rows(sections[0], height)
        range_coder.decode_rows(streams, index, tables["latents"])
        values = tfc_range_coder.decode_rows(streams, index, tables["latents"])
        return values.reshape(height, width, self.channels).astype(np.float32)

    def _row_index(self, width, quality):
        first = (quality - 1) * self.channels
        return np.tile(np.arange(first, first + self.channels, dtype=np.int32), width)


def frozen_tables(noisy, parameters):
    """Quantises densities into integer tables, by TFC.

    Args:
      noisy: makes of one tensor a distribution of values plus uniform noise, of batch shape [N].
      parameters: float32 [P, ...], the tensors.

    Returns:
      `CdfTables` with P * N tables.
    """

    @tf.function
    def build(parameter):
        # Building inside a graph is several times faster than eagerly.
        model = tfc.ContinuousBatchedEntropyModel(
            noisy(parameter),
            coding_rank=2,
            compression=True,
            stateless=True,
            # Zero stays representable: most symbols are 0 and mean "nothing here".
            offset_heuristic=False,
            range_coder_precision=RANGE_CODER_PRECISION,
            tail_mass=2**-12,
            bottleneck_dtype=tf.float32,
        )
        return model.cdf, model.cdf_offset

    parts = [build(parameter) for parameter in parameters]
    cdf = np.concatenate([part[0].numpy() for part in parts]).astype(np.int32)
    cdf_offset = np.concatenate([part[1].numpy() for part in parts]).astype(np.int32)
    return CdfTables(cdf, cdf_offset, np.zeros(len(cdf_offset), np.float32))
