"""The section of a code made of bits, written and read in stock TensorFlow ops.

The counterpart of tfcomp/bitstream/bit_sections.py, which describes the format: the passes are
unrolled in the graph, and the streams of one pass are worked through side by side. The passes of
channels that a quality does not send code nothing, and their streams are left out of the file.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfcomp.bitstream.bit_layout import NOTHING, BitLayout
from tfcomp.bitstream.tables import CdfTables
from tfcomp.export.graph_coded_rows import decode_coded, encode_coded
from tfcomp.export.graph_tables import GraphTables


class GraphBits(tf.Module):
    """An entropy model for `savedmodel.CodecModule`.

    tables, layout: what the bundle fixes.
    """

    def __init__(self, tables: CdfTables, layout: BitLayout):
        super().__init__(name="bits")
        self._tables = GraphTables(tables)
        self._layout = layout
        places = np.array(layout.contexts, np.int32)
        self._places = np.where(places == NOTHING, 9 * layout.channels, places)
        qualities = range(1, len(layout.sent) + 1)
        self._pass_counts = [len(layout.passes_of(quality)) for quality in qualities]

    def stream_counts(self, quality: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """See `graph_container.Format`."""
        passes = tf.gather(tf.constant(self._pass_counts, rows.dtype), quality - 1)
        return (passes * self._stripes(rows),)

    def encode(
        self, latents: tf.Tensor, quality: tf.Tensor
    ) -> tuple[tuple[tf.RaggedTensor, ...], tf.Tensor]:
        """latents: int32 [1, h, w, C], bits. quality: int32 scalar.

        Returns the streams of the section, uint8 ragged [streams, (bytes)], and a bool scalar,
        False where the latents are no bits and the streams mean nothing.
        """
        with tf.device("/CPU:0"):
            bits = latents[0]
            fits = tf.reduce_all((bits == 0) | (bits == 1))
            bits = tf.clip_by_value(bits, 0, 1)
            streams: list[tf.RaggedTensor] = []

            def code(number, index, coded, part):
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

    def decode(
        self,
        sections: Sequence[tf.RaggedTensor],
        quality: tf.Tensor,
        rows: tf.Tensor,
        columns: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """sections: as `encode` returns them. quality, rows, columns: int32 scalars.

        Returns latents int32 [1, rows, columns, C], 0 where not sent, and a bool scalar, False
        where no encoder writes such streams and the latents mean nothing.
        """
        with tf.device("/CPU:0"):
            stripes = self._stripes(rows)
            # A pass that is not in the file reads empty streams.
            empty = tf.RaggedTensor.from_row_lengths(
                tf.zeros([0], tf.uint8),
                tf.zeros([stripes * len(self._layout.passes)], tf.int64),
                validate=False,
            )
            streams = tf.concat([sections[0], empty], 0)
            verdicts = [tf.constant(True)]

            def code(number, index, coded, part):
                values, sound = decode_coded(
                    streams[number * stripes : (number + 1) * stripes],
                    self._striped(index),
                    self._striped(coded),
                    self._tables,
                )
                verdicts.append(tf.reduce_all(sound))
                shape = tf.shape(index)
                whole = tf.reshape(values, [-1, shape[1], shape[2]])
                return whole[: shape[0]]

            shape = tf.stack([rows, columns, self._layout.channels])
            bits = self._run_passes(shape, quality, code)
            return bits[None], tf.reduce_all(verdicts)

    def _run_passes(self, shape: tf.Tensor, quality: tf.Tensor, code) -> tf.Tensor:
        """All bits int32 [h, w, C]; code(number, table index, bool what is coded, channels) gives a
        pass's, all [h, w, n]."""
        sent = tf.gather(tf.constant(self._layout.sent), quality - 1)
        size = shape[:2]
        board = (tf.range(size[0])[:, None] + tf.range(size[1])) % 2
        groups: list[tf.Tensor] = []
        first = 0
        for number, step in enumerate(self._layout.passes):
            part = slice(step.start, step.start + step.channels)
            places = self._places[first : first + step.channels]
            index = self._table_index(groups, size, places, first)
            coded = tf.broadcast_to(tf.range(part.start, part.stop) < sent, tf.shape(index))
            if step.parity is not None:
                coded &= (board == step.parity)[..., None]
            values = tf.where(coded, code(number, index, coded, part), 0)
            if step.parity == 1:
                groups[-1] += values
            else:
                groups.append(values)
            first += step.channels
        return tf.concat(groups, -1)

    def _table_index(self, groups, size, places, first) -> tf.Tensor:
        """int32 [h, w, n], from the groups of bits known so far."""
        count, bits = places.shape
        base = (first + np.arange(count, dtype=np.int32)) << bits
        nothing = tf.zeros([size[0], size[1], 1], tf.int32)
        if not groups:
            return nothing + base
        known = tf.concat(groups, -1)
        padded = tf.pad(known, [[1, 1], [1, 1], [0, 0]])
        shifts = [
            padded[y : y + size[0], x : x + size[1]] for y in range(3) for x in range(3)
        ]
        seen = known.shape[-1]
        around = tf.reshape(tf.stack(shifts, -1), [size[0], size[1], 9 * seen])
        around = tf.concat([around, nothing], -1)
        flat = np.minimum(places.reshape(-1), 9 * seen)
        chosen = tf.reshape(tf.gather(around, flat, axis=2), [size[0], size[1], count, bits])
        return tf.reduce_sum(chosen * (1 << np.arange(bits, dtype=np.int32)), -1) + base

    def _stripes(self, rows):
        return (rows + self._layout.rows_per_stream - 1) // self._layout.rows_per_stream

    def _striped(self, array: tf.Tensor) -> tf.Tensor:
        """[h, w, n] -> [stripes, rows_per_stream * w * n], zeros or False after the last row."""
        height, width, channels = tf.unstack(tf.shape(array))
        rows = self._layout.rows_per_stream
        missing = -height % rows
        padded = tf.pad(array, [[0, missing], [0, 0], [0, 0]])
        return tf.reshape(padded, [(height + missing) // rows, rows * width * channels])
