"""The range coder's stock operations as one graph for all tables, as in a SavedModel.

Called eagerly they take a second for a picture: every turn of a loop is Python then.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from tfcomp.entropy_kinds.factorized import graph as graph_factorized
from tfcomp.entropy_kinds.graph import coded_rows as graph_coded_rows
from tfcomp.entropy_kinds.graph.range_decoder import decode_rows
from tfcomp.entropy_kinds.graph.range_encoder import encode_rows
from tfcomp.entropy_kinds.graph.tables import GraphTables


class _Tables(NamedTuple):
    """What `GraphTables` has, as arguments of a graph."""

    lower: tf.Tensor
    upper: tf.Tensor
    key: tf.Tensor
    is_escape: tf.Tensor
    first: tf.Tensor
    last: tf.Tensor
    has_escape: tf.Tensor
    offset: tf.Tensor


_BOOLS = ("is_escape", "has_escape")
_TABLES = [
    tf.TensorSpec([None], tf.bool if name in _BOOLS else tf.int64) for name in _Tables._fields
]
_INTEGERS = tf.TensorSpec([None, None], tf.int32)
_STREAMS = tf.RaggedTensorSpec([None, None], tf.uint8, ragged_rank=1)


@tf.function(input_signature=[_STREAMS, _INTEGERS, *_TABLES])
def _decode(streams, index, *tables):
    return decode_rows(streams, index, _Tables(*tables))


@tf.function(input_signature=[_INTEGERS, _INTEGERS, *_TABLES])
def _encode(values, index, *tables):
    return encode_rows(values, index, _Tables(*tables))


def decode(streams: tf.RaggedTensor, index, tables: GraphTables) -> tuple[tf.Tensor, tf.Tensor]:
    """As `decode_rows` of tfcomp/entropy_kinds/graph/range_decoder.py."""
    return _decode(streams, _of_rank_2(index), *_parts(tables))


def encode(values, index, tables: GraphTables) -> tf.RaggedTensor:
    """As `encode_rows` of tfcomp/entropy_kinds/graph/range_encoder.py."""
    return _encode(values, _of_rank_2(index), *_parts(tables))


def serve(monkeypatch) -> None:
    """Lets the sections of all kinds call these."""
    for module in (graph_coded_rows, graph_factorized):
        monkeypatch.setattr(module, "decode_rows", decode)
        monkeypatch.setattr(module, "encode_rows", encode)


def _of_rank_2(index) -> tf.Tensor:
    index = tf.convert_to_tensor(index)
    return index if index.shape.rank == 2 else index[None]


def _parts(tables: GraphTables) -> list[tf.Tensor]:
    return [getattr(tables, name) for name in _Tables._fields]
