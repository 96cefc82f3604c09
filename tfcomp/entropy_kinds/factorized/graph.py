"""The section of a factorized entropy model, written and read in stock TensorFlow operations.

The counterpart of coder.py: one section, "latents", with one stream per latent row.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy_kinds.base import MAX_LATENT, Tables
from tfcomp.entropy_kinds.graph.base import (
    Coded,
    Decoded,
    GraphEntropy,
    Sections,
    no_networks,
    one_stream_per_row,
)
from tfcomp.entropy_kinds.graph.range_decoder import decode_rows
from tfcomp.entropy_kinds.graph.range_encoder import encode_rows
from tfcomp.entropy_kinds.graph.tables import GraphTables, can_encode


class GraphFactorized(GraphEntropy):
    """A factorized entropy model; its latents are int32 symbols.

    Args:
      tables: qualities * C tables, those of quality q (from 1) from (q - 1) * C on. They may be
        unable to express latents: then `encode` says False.
      qualities: how many there are.
    """

    stream_counts = staticmethod(one_stream_per_row)

    def __init__(self, tables: CdfTables, qualities: int) -> None:
        super().__init__(name="factorized")
        if tables.count % qualities:
            raise ValueError(f"{tables.count} tables do not divide among {qualities} qualities")
        self._tables = GraphTables(tables)
        self._channels = tables.count // qualities

    @property
    def channels(self) -> int:
        """See the base class."""
        return self._channels

    def _encode(self, latents: tf.Tensor, quality: tf.Tensor) -> Coded:
        shape = tf.shape(latents)
        values = tf.reshape(latents, [shape[1], shape[2] * self._channels])
        index = self._table_index(quality, shape[2])
        streams = encode_rows(values, index, self._tables)
        return (streams,), can_encode(values, index, self._tables)

    def _decode(
        self, sections: Sections, quality: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor
    ) -> Decoded:
        index = self._table_index(quality, columns)
        values, sound = decode_rows(sections[0], index, self._tables)
        latents = tf.reshape(values, [1, rows, columns, self._channels])
        possible = tf.reduce_all((values >= -MAX_LATENT) & (values <= MAX_LATENT))
        return latents, tf.reduce_all(sound) & possible

    def _table_index(self, quality: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
        """int32 [columns * C]: the table of each value of a latent row."""
        first = (quality - 1) * self._channels
        return tf.tile(first + tf.range(self._channels), columns[None])


networks = no_networks


def build(prior: Any, tables: Tables, qualities: int, half: bool) -> GraphFactorized:
    """The entropy model of a SavedModel; see `EntropyKind.graph`."""
    return GraphFactorized(tables["latents"], qualities)
