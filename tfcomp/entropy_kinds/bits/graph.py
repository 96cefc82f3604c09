"""The section of a code made of bits, written and read in stock TensorFlow operations.

The counterpart of sections.py, which describes the format: the graph unrolls the passes, and the
streams of one pass run side by side. Passes of channels that a quality does not send code nothing,
and the file has no streams for them.
"""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np
import tensorflow as tf

from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy_kinds.base import Tables
from tfcomp.entropy_kinds.bits.layout import NOTHING, BitLayout
from tfcomp.entropy_kinds.graph.base import Coded, Decoded, GraphEntropy, Sections, no_networks
from tfcomp.entropy_kinds.graph.coded_rows import decode_coded, encode_coded
from tfcomp.entropy_kinds.graph.stripes import divided_up, joined, striped
from tfcomp.entropy_kinds.graph.tables import GraphTables


class GraphBits(GraphEntropy):
    """An entropy model of bits: its latents are int32 0 and 1, 0 where not sent."""

    def __init__(self, tables: CdfTables, layout: BitLayout) -> None:
        super().__init__(name="bits")
        self._tables = GraphTables(tables)
        self._layout = layout
        places = np.array(layout.contexts, np.int32)
        self._places = np.where(places == NOTHING, 9 * layout.channels, places)
        qualities = range(1, len(layout.sent) + 1)
        self._pass_counts = [len(layout.passes_of(quality)) for quality in qualities]

    @property
    def channels(self) -> int:
        """See the base class."""
        return self._layout.channels

    def stream_counts(self, quality: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """See `graph_container.Format`."""
        passes = tf.gather(tf.constant(self._pass_counts, rows.dtype), quality - 1)
        return (passes * self._stripes(rows),)

    def _encode(self, latents: tf.Tensor, quality: tf.Tensor) -> Coded:
        bits = latents[0]
        fits = tf.reduce_all((bits == 0) | (bits == 1))
        bits = tf.clip_by_value(bits, 0, 1)
        streams: list[tf.RaggedTensor] = []

        def code(number: int, index: tf.Tensor, coded: tf.Tensor, part: slice) -> tf.Tensor:
            of_pass, _ = encode_coded(
                self._striped(tf.where(coded, bits[..., part], 0)),
                self._striped(index),
                self._striped(coded),
                self._tables,
            )
            streams.append(of_pass)
            return bits[..., part]

        self._run_passes(tf.shape(bits), quality, code)
        kept = self.stream_counts(quality, tf.shape(bits)[0])[0]
        return (tf.concat(streams, 0)[:kept],), fits

    def _decode(
        self, sections: Sections, quality: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor
    ) -> Decoded:
        stripes = self._stripes(rows)
        # A pass that is not in the file reads empty streams.
        empty = tf.RaggedTensor.from_row_lengths(
            tf.zeros([0], tf.uint8),
            tf.zeros([stripes * len(self._layout.passes)], tf.int64),
            validate=False,
        )
        streams = tf.concat([sections[0], empty], 0)
        verdicts = [tf.constant(True)]

        def code(number: int, index: tf.Tensor, coded: tf.Tensor, part: slice) -> tf.Tensor:
            values, sound = decode_coded(
                streams[number * stripes : (number + 1) * stripes],
                self._striped(index),
                self._striped(coded),
                self._tables,
            )
            verdicts.append(tf.reduce_all(sound))
            return joined(values, tf.shape(index))

        shape = tf.stack([rows, columns, self._layout.channels])
        bits = self._run_passes(shape, quality, code)
        return bits[None], tf.reduce_all(verdicts)

    def _run_passes(
        self, shape: tf.Tensor, quality: tf.Tensor, code: Callable[..., tf.Tensor]
    ) -> tf.Tensor:
        """All bits int32 [h, w, C].

        code(number, table index, bool what is coded, channels) gives a pass's, all [h, w, n].
        """
        sent = tf.gather(tf.constant(self._layout.sent), quality - 1)
        size = shape[:2]
        squares = tf.range(size[0])[:, None], tf.range(size[1])
        groups: list[tf.Tensor] = []
        first = 0
        for number, step in enumerate(self._layout.passes):
            part = slice(step.start, step.start + step.channels)
            places = self._places[first : first + step.channels]
            index = self._table_index(groups, size, places, first)
            coded = tf.broadcast_to(tf.range(part.start, part.stop) < sent, tf.shape(index))
            coded &= step.codes(*squares)[..., None]
            values = tf.where(coded, code(number, index, coded, part), 0)
            if step.goes_on:
                groups[-1] += values
            else:
                groups.append(values)
            first += step.channels
        return tf.concat(groups, -1)

    def _table_index(
        self, groups: Sequence[tf.Tensor], size: tf.Tensor, places: np.ndarray, first: int
    ) -> tf.Tensor:
        """int32 [h, w, n], from the groups of bits known so far."""
        count, bits = places.shape
        base = (first + np.arange(count, dtype=np.int32)) << bits
        nothing = tf.zeros([size[0], size[1], 1], tf.int32)
        if not groups:
            return nothing + base
        known = tf.concat(groups, -1)
        padded = tf.pad(known, [[1, 1], [1, 1], [0, 0]])
        shifts = [padded[y : y + size[0], x : x + size[1]] for y in range(3) for x in range(3)]
        seen = known.shape[-1]
        around = tf.reshape(tf.stack(shifts, -1), [size[0], size[1], 9 * seen])
        around = tf.concat([around, nothing], -1)
        flat = np.minimum(places.reshape(-1), 9 * seen)
        chosen = tf.reshape(tf.gather(around, flat, axis=2), [size[0], size[1], count, bits])
        return tf.reduce_sum(chosen * (1 << np.arange(bits, dtype=np.int32)), -1) + base

    def _stripes(self, rows: tf.Tensor) -> tf.Tensor:
        return divided_up(rows, self._layout.rows_per_stream)

    def _striped(self, array: tf.Tensor) -> tf.Tensor:
        return striped(array, self._layout.rows_per_stream)


networks = no_networks


def build(prior: Any, tables: Tables, qualities: int, half: bool) -> GraphBits:
    """The entropy model of a SavedModel; see `EntropyKind.graph`."""
    return GraphBits(tables["latents"], prior.layout)
