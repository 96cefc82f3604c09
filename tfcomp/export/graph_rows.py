"""The streams of a section, as tfcomp.bitstream.rows packs them, in stock TensorFlow ops."""

from __future__ import annotations

import tensorflow as tf

from tfcomp.export.graph_fields import DAMAGED, Faults, decode_varint, encode_varint

_MAX_DELTA_BITS = 32


def pack_rows(streams: tf.RaggedTensor) -> tf.Tensor:
    """uint8: shortest length, bits per length beyond it, these lengths, the streams."""
    lengths = streams.row_lengths()
    shortest = tf.reduce_min(lengths)
    deltas = lengths - shortest
    powers = tf.range(_MAX_DELTA_BITS, dtype=tf.int64)
    needed = tf.bitwise.right_shift(tf.reduce_max(deltas), powers) > 0
    width = tf.reduce_sum(tf.cast(needed, tf.int64))
    planes = tf.bitwise.right_shift(deltas[:, None], tf.range(width)) & 1
    planes = tf.reshape(planes, [-1])
    planes = tf.pad(planes, [[0, -tf.size(planes) % 8]])
    packed = tf.reduce_sum(tf.bitwise.left_shift(tf.reshape(planes, [-1, 8]), powers[:8]), 1)
    fields = [encode_varint(shortest), tf.cast(width[None], tf.uint8), tf.cast(packed, tf.uint8)]
    return tf.concat([*fields, streams.flat_values], 0)


def unpack_rows(
    faults: Faults,
    in_bytes: tf.Tensor,
    padded: tf.Tensor,
    position: tf.Tensor,
    end: tf.Tensor,
    rows: tf.Tensor,
) -> tf.RaggedTensor:
    """The streams of a section that starts at `position` and ends at `end`; none if at fault."""
    shortest, position = decode_varint(faults, padded, position, end)
    faults.check(position < end, "a section ends in its row lengths" + DAMAGED)
    width = padded[position]
    position += 1
    faults.check(width <= _MAX_DELTA_BITS, "row lengths exceed 32 bits" + DAMAGED)
    packed_end = position + (rows * width + 7) // 8
    least = rows * tf.minimum(shortest, end + 1)  # no more than 63 bits
    faults.check(packed_end + least <= end, "rows run past their section" + DAMAGED)

    # From here on what is allocated follows from the file's own length.
    rows = tf.where(faults.none, rows, 0)
    packed_end = tf.where(faults.none, packed_end, position)
    bit = tf.range(8, dtype=tf.int64)
    planes = tf.bitwise.right_shift(padded[position:packed_end, None], bit) & 1
    planes = tf.reshape(planes, [-1])
    used = rows * width
    unpadded = tf.reduce_all(planes[used:] == 0)
    faults.check(unpadded, "row lengths are not padded with zeros" + DAMAGED)
    planes = tf.reshape(planes[:used], [rows, width])
    deltas = tf.reduce_sum(tf.bitwise.left_shift(planes, tf.range(width)), 1)
    lengths = deltas + shortest
    filled = tf.reduce_sum(lengths) == end - packed_end
    faults.check(filled, "rows do not fill their section" + DAMAGED)
    lengths = lengths[: tf.where(faults.none, rows, 0)]
    end = tf.where(faults.none, end, packed_end)
    return tf.RaggedTensor.from_row_lengths(in_bytes[packed_end:end], lengths, validate=False)
