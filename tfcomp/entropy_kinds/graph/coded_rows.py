"""Rows of which only some values are coded, through the range coder in TensorFlow operations.

The coder runs through all rows side by side, so all must have equally many values. Here each row's
coded values are moved together, and shorter rows are filled up with values of a table that takes no
bits.
"""

from __future__ import annotations

import tensorflow as tf

from tfcomp.entropy_kinds.graph.range_decoder import decode_rows
from tfcomp.entropy_kinds.graph.range_encoder import encode_rows
from tfcomp.entropy_kinds.graph.tables import GraphTables, can_encode


def encode_coded(
    values: tf.Tensor, index: tf.Tensor, coded: tf.Tensor, tables: GraphTables
) -> tuple[tf.RaggedTensor, tf.Tensor]:
    """Writes each row's coded values as a stream of bytes.

    Args:
      values: int32 [R, n].
      index: int32 [R, n], the table of each.
      coded: bool [R, n].
      tables: of the values.

    Returns:
      a uint8 ragged tensor [R, (bytes)], and a bool scalar, False where a table cannot express its
      value and the bytes mean nothing.
    """
    values = _moved_together(values, coded, 0)
    index = _moved_together(index, coded, tables.nothing)
    return encode_rows(values, index, tables), can_encode(values, index, tables)


def decode_coded(
    streams: tf.RaggedTensor, index: tf.Tensor, coded: tf.Tensor, tables: GraphTables
) -> tuple[tf.Tensor, tf.Tensor]:
    """Reads what `encode_coded` writes.

    Args:
      streams: uint8 ragged [R, (bytes)].
      index: int32 [R, n].
      coded: bool [R, n].
      tables: of the values.

    Returns:
      values int32 [R, n], 0 where not coded, and bool [R], False where no encoder writes such a
      stream: the row's values then mean nothing.
    """
    together = _moved_together(index, coded, tables.nothing)
    values, sound = decode_rows(streams, together, tables)
    filled = tf.sequence_mask(_counts(coded), tf.shape(values)[1])
    return tf.scatter_nd(tf.where(coded), values[filled], tf.shape(coded, tf.int64)), sound


def _moved_together(array: tf.Tensor, coded: tf.Tensor, fill: int) -> tf.Tensor:
    """int32 [R, n] -> [R, k]: each row's coded elements, in order, then `fill`."""
    rows = tf.RaggedTensor.from_row_lengths(
        tf.boolean_mask(array, coded), _counts(coded), validate=False
    )
    return rows.to_tensor(fill)


def _counts(coded: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(coded, tf.int64), axis=1)
