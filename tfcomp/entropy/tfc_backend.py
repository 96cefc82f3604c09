"""The entropy backend of TensorFlow Compression: densities, integer tables, range coder.

It runs on TensorFlow 2.14 only. tfcomp/entropy/backend.py chooses between it and tfcomp's own
implementations, which tests compare with it. Other coders of the same bytes are tfcomp/bitstream (C
and Python) and tfcomp/entropy_kinds/graph (stock TensorFlow operations).
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
import tensorflow as tf
import tensorflow_compression as tfc
import tensorflow_probability as tfp

from tfcomp.bitstream import range_coder
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy.integer_tables import PRECISION, TAIL_MASS
from tfcomp.errors import BitstreamError

NAME = "tfc"


def encode_rows(values: np.ndarray, index: np.ndarray, tables: CdfTables) -> list[bytes]:
    """Writes each row as one stream.

    Args:
      values: int32 [R, n].
      index: int32 [n], the table of each symbol.
      tables: the frozen tables.

    Returns:
      list of R bytes objects.
    """
    values = np.asarray(values, np.int32)
    index = np.broadcast_to(np.asarray(index, np.int32), values.shape)
    symbols = values - tables.cdf_offset[index]
    handle = tfc.create_range_encoder([len(values)], tf.constant(tables.cdf))
    handle = tfc.entropy_encode_index(handle, tf.constant(index), tf.constant(symbols, tf.int32))
    return list(tfc.entropy_encode_finalize(handle).numpy())


def decode_rows(streams: Sequence[bytes], index: np.ndarray, tables: CdfTables) -> np.ndarray:
    """The inverse of `encode_rows`, for trusted streams only.

    TFC's decoder does not end on some hostile streams: use `CheckedCoder` for files from outside.

    Returns:
      int32 [R, n].

    Raises:
      BitstreamError: TFC's sanity check failed.
    """
    index = np.broadcast_to(np.asarray(index, np.int32), (len(streams), np.shape(index)[-1]))
    handle = tfc.create_range_decoder(tf.constant(streams), tf.constant(tables.cdf))
    handle, symbols = tfc.entropy_decode_index(
        handle, tf.constant(index), index.shape[1:], tf.int32
    )
    if not np.all(tfc.entropy_decode_finalize(handle).numpy()):
        raise BitstreamError("the latents are damaged: compress the image again")
    return symbols.numpy() + tables.cdf_offset[index]


class CheckedCoder:
    """The functions of `tfcomp.bitstream.range_coder`, through TFC.

    TFC's decoder does not end on some hostile streams: `tfcomp.bitstream` reads them first.
    """

    encode_rows = staticmethod(encode_rows)

    @staticmethod
    def decode_rows(streams: Sequence[bytes], index: np.ndarray, tables: CdfTables) -> np.ndarray:
        range_coder.decode_rows(streams, index, tables)
        return decode_rows(streams, index, tables)

    @staticmethod
    def encode(values: np.ndarray, index: np.ndarray, tables: CdfTables) -> bytes:
        return encode_rows(values[None], index, tables)[0]

    @staticmethod
    def decode(data: bytes, index: np.ndarray, tables: CdfTables) -> np.ndarray:
        return CheckedCoder.decode_rows([data], index, tables)[0]


class _ScaledDensity(tfp.distributions.Distribution):
    """The density of g * y, given the density of y (which TFC's table builder reads)."""

    def __init__(self, base: Any, scale: tf.Tensor) -> None:
        self._base = base
        self._scale = tf.convert_to_tensor(scale)
        super().__init__(
            dtype=base.dtype,
            reparameterization_type=base.reparameterization_type,
            validate_args=False,
            allow_nan_stats=False,
            name="ScaledDensity",
        )

    def _batch_shape(self) -> tf.TensorShape:
        return self._base.batch_shape

    def _batch_shape_tensor(self) -> tf.Tensor:
        return self._base.batch_shape_tensor()

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape(())

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.constant((), tf.int32)

    def _cdf(self, x: tf.Tensor) -> tf.Tensor:
        return self._base.cdf(x / self._scale)

    def _survival_function(self, x: tf.Tensor) -> tf.Tensor:
        return self._base.survival_function(x / self._scale)

    def _log_cdf(self, x: tf.Tensor) -> tf.Tensor:
        return self._base.log_cdf(x / self._scale)

    def _log_survival_function(self, x: tf.Tensor) -> tf.Tensor:
        return self._base.log_survival_function(x / self._scale)

    def _quantization_offset(self) -> tf.Tensor:
        return self._base._quantization_offset() * self._scale

    def _lower_tail(self, tail_mass: tf.Tensor) -> tf.Tensor:
        return self._base._lower_tail(tail_mass) * self._scale

    def _upper_tail(self, tail_mass: tf.Tensor) -> tf.Tensor:
        return self._base._upper_tail(tail_mass) * self._scale


def deep_factorized(channels: int, initial_scale: float) -> Any:
    """TFC's counterpart of `tfcomp.entropy.deep_factorized.DeepFactorized`."""
    return tfc.DeepFactorized(batch_shape=(channels,), init_scale=initial_scale)


def deep_factorized_tables(density: Any, scales: np.ndarray) -> CdfTables:
    """See `deep_factorized_tables` of tfcomp/entropy/own_backend.py."""

    def noisy(scale: tf.Tensor) -> Any:
        return tfc.UniformNoiseAdapter(_ScaledDensity(density, scale))

    return frozen_tables(noisy, tf.cast(scales, tf.float32))


def gaussian_tables(
    scales: np.ndarray, weights: np.ndarray | None = None, ratios: np.ndarray | None = None
) -> CdfTables:
    """See `gaussian_tables` of tfcomp/entropy/own_backend.py."""

    def noisy(scales: tf.Tensor) -> Any:
        if weights is None:
            return tfc.NoisyNormal(loc=tf.zeros_like(scales), scale=scales)
        normal = tfp.distributions.Normal
        return tfc.NoisyMixtureSameFamily(
            tfp.distributions.Categorical(probs=tf.stack([1.0 - weights, weights], -1)),
            normal(loc=0.0, scale=tf.stack([scales, scales * ratios], -1)),
        )

    return frozen_tables(noisy, tf.constant(scales[None]))


def frozen_tables(noisy: Any, parameters: tf.Tensor) -> CdfTables:
    """Turns densities into integer tables, by TFC.

    Args:
      noisy: function of a tensor -> distribution of values plus uniform noise, of batch shape [N].
      parameters: float32 [P, ...], the tensors.

    Returns:
      `CdfTables` with P * N tables.
    """

    @tf.function
    def build(parameter: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # Building inside a graph is several times faster than eagerly.
        model = tfc.ContinuousBatchedEntropyModel(
            noisy(parameter),
            coding_rank=2,
            compression=True,
            stateless=True,
            # Zero stays representable: most symbols are 0 and mean "nothing here".
            offset_heuristic=False,
            range_coder_precision=PRECISION,
            tail_mass=TAIL_MASS,
            bottleneck_dtype=tf.float32,
        )
        return model.cdf, model.cdf_offset

    parts = [build(parameter) for parameter in parameters]
    cdf = np.concatenate([part[0].numpy() for part in parts]).astype(np.int32)
    cdf_offset = np.concatenate([part[1].numpy() for part in parts]).astype(np.int32)
    return CdfTables(cdf, cdf_offset, np.zeros(len(cdf_offset), np.float32))
