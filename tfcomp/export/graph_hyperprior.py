"""The sections of a hyperprior with context, written and read in stock TensorFlow ops.

The counterpart of tfcomp/bitstream/hyperprior_sections.py, which describes the format: the passes
are unrolled in the graph, and the streams of one pass are worked through side by side.

Everything here runs on the CPU: a GPU's convolutions need not be exact on integers (reduced
precision, Winograd's algorithm), and the decoder must find the encoder's tables to the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf

from tfcomp.bitstream.hyperprior_sections import (
    HYPER_ROWS_PER_STREAM,
    HYPER_STRIDE,
    MAX_VALUE,
    MEAN_UNITS,
    SECTION_NAMES,
    Layout,
    Pass,
)
from tfcomp.bitstream.rate_distortion_quantizer import DISTORTION_WEIGHT, threshold_shifts
from tfcomp.bitstream.tables import CdfTables
from tfcomp.export.deployed_entropy import DeployedEntropy
from tfcomp.export.graph_coded_rows import decode_coded, encode_coded
from tfcomp.export.graph_quantizer import quantize
from tfcomp.export.graph_tables import GraphTables

_MAX_LATENT = 2.0**24  # as tfcomp.runtime refuses it: the network diverged

# (number of the pass, means, scale indices, bool what is coded; all [h, w, channels]) -> values
_Code = Callable[[int, tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


class GraphHyperprior(tf.Module):
    """An entropy model for `savedmodel.CodecModule`.

    tables: of both sections. layout, qualities: what the bundle fixes. networks: the integer
    networks, a `DeployedEntropy`.
    """

    def __init__(
        self,
        tables: Mapping[str, CdfTables],
        layout: Layout,
        networks: DeployedEntropy,
        qualities: int,
    ):
        super().__init__(name="hyperprior")
        if tables["hyper_latents"].count != qualities * layout.hyper_channels:
            raise ValueError(
                f"{tables['hyper_latents'].count} tables of hyper-latents do not fit "
                f"{qualities} qualities of {layout.hyper_channels} channels"
            )
        if len(layout.rows_per_stream) != qualities:
            raise ValueError(f"rows_per_stream has not one number for each of {qualities}")
        self._hyper_tables, self._tables = (GraphTables(tables[name]) for name in SECTION_NAMES)
        self._shifts = threshold_shifts(tables["latents"], DISTORTION_WEIGHT)
        self._layout = layout
        self._networks = networks

    def stream_counts(self, quality: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """See `graph_container.Format`."""
        hyper_rows = _divide_up(rows, HYPER_STRIDE)
        stripes = _divide_up(rows, tf.cast(self._rows_per_stream(quality), rows.dtype))
        return _divide_up(hyper_rows, HYPER_ROWS_PER_STREAM), stripes * len(self._layout.passes)

    def encode(
        self, latents: tf.Tensor, quality: tf.Tensor
    ) -> tuple[tuple[tf.RaggedTensor, ...], tf.Tensor]:
        """latents: float32 [1, h, w, C], in quantisation steps. quality: int32 scalar.

        Returns the streams of each section, uint8 ragged [streams, (bytes)], and a bool scalar,
        False where the latents are absurd and the streams mean nothing.
        """
        with tf.device("/CPU:0"):
            fits = tf.reduce_all(tf.abs(latents) <= _MAX_LATENT)
            latents = tf.where(fits, latents, 0.0)
            hyper = self._hyper_analysis(latents, quality)
            index = self._hyper_index(tf.shape(hyper), quality)
            everything = tf.ones_like(hyper, tf.bool)
            stripes = [
                _stripes(part, HYPER_ROWS_PER_STREAM) for part in (hyper, index, everything)
            ]
            hyper_streams, codable = encode_coded(
                stripes[0], stripes[1], stripes[2], self._hyper_tables
            )
            verdicts = [fits, codable]
            streams: list[tf.RaggedTensor] = []
            rows = self._rows_per_stream(quality)
            # Exactly the file of tfcomp.bitstream: there the difference is taken in float64.
            exact = tf.cast(latents[0], tf.float64)

            def code(number, mean, scale, coded):
                step = self._layout.passes[number]
                part = exact[..., step.start : step.start + step.channels]
                residual = part - tf.cast(mean, tf.float64) / MEAN_UNITS
                values = tf.where(coded, quantize(residual, scale, self._shifts), 0)
                of_pass, codable = encode_coded(
                    _stripes(values, rows),
                    _stripes(scale, rows),
                    _stripes(coded, rows),
                    self._tables,
                )
                streams.append(of_pass)
                verdicts.append(codable)
                return values

            self._run_passes(hyper, tf.shape(latents)[1:3], quality, code)
            return (hyper_streams, tf.concat(streams, 0)), tf.reduce_all(verdicts)

    def decode(
        self,
        sections: Sequence[tf.RaggedTensor],
        quality: tf.Tensor,
        rows: tf.Tensor,
        columns: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """sections: as `encode` returns them. quality, rows, columns: int32 scalars.

        Returns latents int32 [1, rows, columns, C], in eighths of a step, and a bool scalar, False
        where no encoder writes such streams and the latents mean nothing.
        """
        with tf.device("/CPU:0"):
            hyper_rows = _divide_up(rows, HYPER_STRIDE)
            hyper_columns = _divide_up(columns, HYPER_STRIDE)
            shape = tf.stack([hyper_rows, hyper_columns, self._layout.hyper_channels])
            hyper, sound = decode_coded(
                sections[0],
                _stripes(self._hyper_index(shape, quality), HYPER_ROWS_PER_STREAM),
                _stripes(tf.ones(shape, tf.bool), HYPER_ROWS_PER_STREAM),
                self._hyper_tables,
            )
            hyper = _joined(hyper, shape)
            verdicts = [tf.reduce_all(sound) & _in_range(hyper)]
            rows_per_stream = self._rows_per_stream(quality)
            streams_per_pass = _divide_up(rows, rows_per_stream)

            def code(number, mean, scale, coded):
                # After the first fault nothing more is read: damaged files take no longer.
                coded &= verdicts[-1]
                first = number * streams_per_pass
                streams = sections[1][first : first + streams_per_pass]
                values, sound = decode_coded(
                    streams,
                    _stripes(scale, rows_per_stream),
                    _stripes(coded, rows_per_stream),
                    self._tables,
                )
                values = _joined(values, tf.shape(mean))
                verdicts.append(verdicts[-1] & tf.reduce_all(sound) & _in_range(values))
                return tf.where(verdicts[-1], values, 0)

            latents = self._run_passes(hyper, [rows, columns], quality, code)
            return latents[None], verdicts[-1]

    def _run_passes(self, hyper: tf.Tensor, size, quality: tf.Tensor, code: _Code) -> tf.Tensor:
        """Decoded latents int32 [h, w, C], from z int32 [zh, zw, Cz] and what `code` gives for each
        pass, int32 [h, w, channels]."""
        hyper = tf.ensure_shape(hyper, [None, None, self._layout.hyper_channels])
        features = self._networks.hyper_synthesis.python_function(hyper[None], quality[None])
        features = features["features"][:, : size[0], : size[1]]
        groups: list[tf.Tensor] = []
        for number, step in enumerate(self._layout.passes):
            inputs = tf.concat([features, *(tf.cast(g, tf.float32)[None] for g in groups)], -1)
            network = self._networks.passes[number].python_function
            both = network(inputs, quality[None])["parameters"][0]
            mean, scale = both[..., : step.channels], both[..., step.channels :]
            squares = _squares(size, step)
            values = code(number, mean, scale, (scale > 0) & squares)
            decoded = MEAN_UNITS * values + mean
            if step.parity == 1:
                groups[-1] = tf.where(squares, decoded, groups[-1])
            else:
                groups.append(tf.where(squares, decoded, 0))
        return tf.concat(groups, -1)

    def _hyper_analysis(self, latents: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        odd = tf.shape(latents)[1:3] % HYPER_STRIDE
        paddings = [[0, 0], [0, odd[0]], [0, odd[1]], [0, 0]]
        even = tf.pad(latents, paddings, "SYMMETRIC")  # by one at most: repeats the edge
        analyse = self._networks.hyper_analysis.python_function
        return analyse(even, quality[None])["hyper_latents"][0]

    def _hyper_index(self, shape: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """int32 [zh, zw, Cz]: the table of each hyper-latent."""
        channels = self._layout.hyper_channels
        return tf.broadcast_to((quality - 1) * channels + tf.range(channels), shape)

    def _rows_per_stream(self, quality: tf.Tensor) -> tf.Tensor:
        return tf.gather(tf.constant(self._layout.rows_per_stream), quality - 1)


def _squares(size, step: Pass) -> tf.Tensor:
    """bool [h, w, 1]: the squares of a pass."""
    if step.parity is None:
        return tf.ones([size[0], size[1], 1], tf.bool)
    squares = (tf.range(size[0])[:, None] + tf.range(size[1])) % 2
    return (squares == step.parity)[..., None]


def _stripes(array: tf.Tensor, rows) -> tf.Tensor:
    """[h, w, c] -> [stripes, rows * w * c], zeros or False after the last row."""
    height, width, channels = tf.unstack(tf.shape(array))
    missing = -height % rows
    padded = tf.pad(array, [[0, missing], [0, 0], [0, 0]])
    return tf.reshape(padded, [(height + missing) // rows, rows * width * channels])


def _joined(stripes: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """The inverse of `_stripes`; [h, w, c] of this shape."""
    return tf.reshape(tf.reshape(stripes, [-1, shape[1], shape[2]])[: shape[0]], shape)


def _in_range(values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_all((values >= -MAX_VALUE) & (values <= MAX_VALUE))


def _divide_up(value, by):
    return (value + by - 1) // by
