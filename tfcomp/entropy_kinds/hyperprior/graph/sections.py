"""The sections of a hyperprior with context, written and read in stock TensorFlow operations.

The counterpart of ../sections.py, which describes the format: the graph unrolls the passes, and the
streams of one pass run side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from tfcomp.bitstream.rate_distortion_quantizer import MAX_VALUE, threshold_shifts
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy.quality_levels import table_level
from tfcomp.entropy_kinds.base import MAX_LATENT
from tfcomp.entropy_kinds.graph.base import Coded, Decoded, GraphEntropy, Sections
from tfcomp.entropy_kinds.graph.coded_rows import decode_coded, encode_coded
from tfcomp.entropy_kinds.graph.stripes import divided_up, joined, striped
from tfcomp.entropy_kinds.graph.tables import GraphTables
from tfcomp.entropy_kinds.hyperprior.graph.networks import DeployedEntropy
from tfcomp.entropy_kinds.hyperprior.graph.quantizer import quantize
from tfcomp.entropy_kinds.hyperprior.layout import (
    HYPER_ROWS_PER_STREAM,
    HYPER_STRIDE,
    MEAN_UNITS,
    SECTION_NAMES,
    Layout,
)

# (number of the pass, means, scale indices, bool what is coded; all [h, w, channels]) -> values
_Code = Callable[[int, tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


class GraphHyperprior(GraphEntropy):
    """A hyperprior with context.

    Latents to encode are float32, in quantisation steps; absurd ones cannot be written. Decoded
    latents are in eighths of a step.
    """

    def __init__(
        self,
        tables: Mapping[str, CdfTables],
        layout: Layout,
        networks: DeployedEntropy,
        qualities: int,
    ) -> None:
        super().__init__(name="hyperprior")
        if tables["hyper_latents"].count != qualities * layout.hyper_channels:
            raise ValueError(
                f"{tables['hyper_latents'].count} tables of hyper-latents do not fit "
                f"{qualities} qualities of {layout.hyper_channels} channels"
            )
        if len(layout.rows_per_stream) != qualities:
            raise ValueError(f"rows_per_stream has not one number for each of {qualities}")
        self._hyper_tables, self._tables = (GraphTables(tables[name]) for name in SECTION_NAMES)
        self._shifts = np.stack(
            [
                threshold_shifts(tables["latents"], layout.distortion_weight(quality))
                for quality in range(1, qualities + 1)
            ]
        )
        self._layout = layout
        self._networks = networks

    @property
    def channels(self) -> int:
        """See the base class."""
        return self._layout.channels

    @property
    def quality_steps(self) -> int:
        """See the base class."""
        return self._layout.quality_steps

    def stream_counts(self, quality: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """See `graph_container.Format`."""
        hyper_rows = divided_up(rows, HYPER_STRIDE)
        stripes = divided_up(rows, tf.cast(self._rows_per_stream(quality), rows.dtype))
        return divided_up(hyper_rows, HYPER_ROWS_PER_STREAM), stripes * len(self._layout.passes)

    def _encode(self, latents: tf.Tensor, quality: tf.Tensor) -> Coded:
        fits = tf.reduce_all(tf.abs(latents) <= float(MAX_LATENT))
        latents = tf.where(fits, latents, 0.0)
        hyper = self._hyper_analysis(latents, quality)
        index = self._hyper_index(tf.shape(hyper), quality)
        everything = tf.ones_like(hyper, tf.bool)
        stripes = [striped(part, HYPER_ROWS_PER_STREAM) for part in (hyper, index, everything)]
        hyper_streams, codable = encode_coded(
            stripes[0], stripes[1], stripes[2], self._hyper_tables
        )
        verdicts = [fits, codable]
        streams: list[tf.RaggedTensor] = []
        rows = self._rows_per_stream(quality)
        shifts = tf.constant(self._shifts, tf.float64)[self._level(quality) - 1]
        # float64: every writer's bytes rest on it (spec/format.md).
        exact = tf.cast(latents[0], tf.float64)

        def code(number: int, mean: tf.Tensor, scale: tf.Tensor, coded: tf.Tensor) -> tf.Tensor:
            step = self._layout.passes[number]
            part = exact[..., step.start : step.start + step.channels]
            residual = part - tf.cast(mean, tf.float64) / MEAN_UNITS
            values = tf.where(coded, quantize(residual, scale, shifts), 0)
            of_pass, codable = encode_coded(
                striped(values, rows), striped(scale, rows), striped(coded, rows), self._tables
            )
            streams.append(of_pass)
            verdicts.append(codable)
            return values

        self._run_passes(hyper, tf.shape(latents)[1:3], quality, code)
        return (hyper_streams, tf.concat(streams, 0)), tf.reduce_all(verdicts)

    def _decode(
        self, sections: Sections, quality: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor
    ) -> Decoded:
        hyper_rows = divided_up(rows, HYPER_STRIDE)
        hyper_columns = divided_up(columns, HYPER_STRIDE)
        shape = tf.stack([hyper_rows, hyper_columns, self._layout.hyper_channels])
        hyper, sound = decode_coded(
            sections[0],
            striped(self._hyper_index(shape, quality), HYPER_ROWS_PER_STREAM),
            striped(tf.ones(shape, tf.bool), HYPER_ROWS_PER_STREAM),
            self._hyper_tables,
        )
        hyper = joined(hyper, shape)
        verdicts = [tf.reduce_all(sound) & _in_range(hyper)]
        rows_per_stream = self._rows_per_stream(quality)
        streams_per_pass = divided_up(rows, rows_per_stream)

        def code(number: int, mean: tf.Tensor, scale: tf.Tensor, coded: tf.Tensor) -> tf.Tensor:
            # Nothing is read after the first fault, so damaged files take no longer.
            coded &= verdicts[-1]
            first = number * streams_per_pass
            streams = sections[1][first : first + streams_per_pass]
            values, sound = decode_coded(
                streams,
                striped(scale, rows_per_stream),
                striped(coded, rows_per_stream),
                self._tables,
            )
            values = joined(values, tf.shape(mean))
            verdicts.append(verdicts[-1] & tf.reduce_all(sound) & _in_range(values))
            return tf.where(verdicts[-1], values, 0)

        latents = self._run_passes(hyper, [rows, columns], quality, code)
        return latents[None], verdicts[-1]

    def _run_passes(
        self, hyper: tf.Tensor, size: tf.Tensor, quality: tf.Tensor, code: _Code
    ) -> tf.Tensor:
        """Decoded latents int32 [h, w, C].

        From z int32 [zh, zw, Cz] and what `code` gives for each pass, int32 [h, w, channels].
        """
        hyper = tf.ensure_shape(hyper, [None, None, self._layout.hyper_channels])
        features = self._networks.hyper_synthesis.python_function(hyper[None], quality[None])
        features = features["features"][:, : size[0], : size[1]]
        groups: list[tf.Tensor] = []
        for number, step in enumerate(self._layout.passes):
            inputs = tf.concat([features, *(tf.cast(g, tf.float32)[None] for g in groups)], -1)
            network = self._networks.passes[number].python_function
            both = network(inputs, quality[None])["parameters"][0]
            mean, scale = both[..., : step.channels], both[..., step.channels :]
            squares = step.codes(tf.range(size[0])[:, None], tf.range(size[1]))[..., None]
            values = code(number, mean, scale, (scale > 0) & squares)
            decoded = MEAN_UNITS * values + mean
            if step.goes_on:
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
        first = (self._level(quality) - 1) * channels
        return tf.broadcast_to(first + tf.range(channels), shape)

    def _rows_per_stream(self, quality: tf.Tensor) -> tf.Tensor:
        return tf.gather(tf.constant(self._layout.rows_per_stream), self._level(quality) - 1)

    def _level(self, quality: tf.Tensor) -> tf.Tensor:
        """The level whose tables serve for a quality as networks take it."""
        return table_level(quality, self.quality_steps)


def _in_range(values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_all((values >= -MAX_VALUE) & (values <= MAX_VALUE))
