"""The boxes of a file of format version 2 (tfcomp.bitstream.boxes) in stock TensorFlow ops."""

from __future__ import annotations

import tensorflow as tf

from tfcomp.bitstream.boxes import END, MAX_BOXES, START
from tfcomp.export.graph_crc32 import crc32
from tfcomp.export.graph_fields import (
    DAMAGED,
    INCOMPLETE,
    Faults,
    decode_varint,
    little_endian,
)

_CRC_BYTES = 4
_LEAST_BYTES = 2 + _CRC_BYTES  # of a box


def read_boxes(faults: Faults, in_bytes: tf.Tensor, padded: tf.Tensor) -> tf.Tensor:
    """Where a file's boxes are, their checksums right.

    Args:
      faults: what is wrong is noted there.
      in_bytes: uint8 [N], a file that begins with START.
      padded: `graph_fields.padded_file` of it.

    Returns:
      int64 [boxes, 3]: the type's ASCII code, where the payload begins, and where it ends.
    """
    size = tf.size(in_bytes, tf.int64)
    most = tf.minimum(size // _LEAST_BYTES + 1, MAX_BOXES)
    found = tf.TensorArray(tf.int64, tf.cast(most, tf.int32), element_shape=[3])

    def goes_on(
        position: tf.Tensor, count: tf.Tensor, text: tf.Tensor, found: tf.TensorArray
    ) -> tf.Tensor:
        del count, found
        return (text == "") & (position < size) & (padded[position] != ord(END))

    def read_one(
        position: tf.Tensor, count: tf.Tensor, text: tf.Tensor, found: tf.TensorArray
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.TensorArray]:
        now = Faults(text)
        letter = padded[position]
        lower = letter | 0x20  # of a letter
        is_letter = (lower >= ord("a")) & (lower <= ord("z")) & (letter < 0x80)
        now.check(is_letter, "the file is damaged (no box begins where one should)" + DAMAGED)
        now.check(count < MAX_BOXES, f"the file has more than {MAX_BOXES} boxes" + DAMAGED)
        length, start = decode_varint(now, padded, position + 1, size)
        end = start + length
        now.check(end + _CRC_BYTES <= size, "a box breaks off" + INCOMPLETE)
        end = tf.where(now.none, end, position)
        stored = padded[end : end + _CRC_BYTES]
        made = tf.cast(little_endian(crc32(in_bytes[position:end]), _CRC_BYTES), tf.int64)
        now.check(tf.reduce_all(stored == made), "the file is damaged (CRC differs)" + DAMAGED)
        at = tf.cast(tf.minimum(count, most - 1), tf.int32)
        found = found.write(at, tf.stack([letter, tf.minimum(start, end), end]))
        return end + _CRC_BYTES, count + 1, now.text, found

    start = tf.constant(len(START), tf.int64)
    position, count, text, found = tf.while_loop(
        goes_on,
        read_one,
        [start, tf.constant(0, tf.int64), faults.text, found],
        parallel_iterations=1,
    )
    faults.text = text
    faults.check(position < size, "the file has no end" + INCOMPLETE)
    faults.check(position + 1 == size, "bytes are left after the file's end" + DAMAGED)
    return found.stack()[: tf.where(faults.none, count, 0)]
