"""Fields of a file in stock TensorFlow ops, and what is found wrong with them.

A file is int64 [N + MOST_FIELD_BYTES], zeros after its end, so that every field can be read before
it is known to be there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Union

import tensorflow as tf

MOST_FIELD_BYTES = 64  # more than the fields between two places known to be there can have
DAMAGED = "; get an undamaged copy of the file"
INCOMPLETE = "; get a complete copy of the file"
_MAX_VARINT_BYTES = 5

Text = Union[str, tf.Tensor]


class Faults:
    """Keeps the first fault found, as text; "" while there is none."""

    def __init__(self, text: Text = "") -> None:
        self.text = tf.convert_to_tensor(text)

    @property
    def none(self) -> tf.Tensor:
        return self.text == ""

    def check(self, condition: tf.Tensor, text: Text) -> None:
        """Notes `text` (str or string scalar) unless the condition holds, bool scalar."""
        self.text = tf.where(self.none & tf.logical_not(condition), text, self.text)

    def check_all(
        self, conditions: tf.Tensor, text: Union[Text, Callable[[tf.Tensor], Text]]
    ) -> None:
        """Notes a text unless all of bool [n] holds; a function makes it of the first that fails.

        The function takes bool [n], True there only, and is called in any case.
        """
        if callable(text):
            failed = tf.logical_not(conditions)
            text = text(failed & (tf.cumsum(tf.cast(failed, tf.int64)) == 1))
        self.check(tf.reduce_all(conditions), text)


def padded_file(in_bytes: tf.Tensor) -> tf.Tensor:
    """uint8 [N] -> int64 [N + MOST_FIELD_BYTES]."""
    return tf.cast(tf.pad(in_bytes, [[0, MOST_FIELD_BYTES]]), tf.int64)


def window(padded: tf.Tensor, position: tf.Tensor, length: int) -> tf.Tensor:
    """int64 [n, length]: what stands from each of `position` [n] on; zeros from the end on."""
    last = tf.size(padded, tf.int64) - MOST_FIELD_BYTES
    position = tf.clip_by_value(position, 0, last)
    return tf.gather(padded, position[:, None] + tf.range(length, dtype=tf.int64))


def chosen(values: tf.Tensor, which: tf.Tensor) -> tf.Tensor:
    """The sum of the values of int64 [n] where bool [n] holds: that one, or 0 of none."""
    return tf.reduce_sum(tf.where(which, values, 0))


def encode_varint(value: tf.Tensor) -> tf.Tensor:
    """An integer scalar below 2**32 as uint8 [1 to 5]."""
    value = tf.cast(value, tf.int64)
    rest = tf.bitwise.right_shift(value, tf.range(0, 7 * _MAX_VARINT_BYTES, 7, tf.int64))
    groups = rest & 0x7F
    more = tf.concat([rest[1:] > 0, [False]], 0)
    encoded = groups + tf.where(more, tf.constant(0x80, tf.int64), 0)
    return tf.cast(encoded[: 1 + tf.reduce_sum(tf.cast(more, tf.int32))], tf.uint8)


def decode_varints(
    faults: Faults, padded: tf.Tensor, position: tf.Tensor, end: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The values at each of `position` and the positions after them; int64 [n].

    end: int64 [n], where what a varint stands in ends.
    """
    bytes_ = window(padded, position, _MAX_VARINT_BYTES)
    final = bytes_ < 0x80
    count = tf.argmax(final, axis=1) + 1
    order = tf.range(_MAX_VARINT_BYTES, dtype=tf.int64)
    groups = tf.where(order < count[:, None], bytes_ & 0x7F, 0)
    value = tf.reduce_sum(tf.bitwise.left_shift(groups, 7 * order), 1)
    within = tf.reduce_any(final, axis=1) & (value < 1 << 32)
    last = tf.gather(bytes_, count - 1, axis=1, batch_dims=1)
    faults.check_all(position + count <= end, "the file ends inside a length field" + INCOMPLETE)
    faults.check_all(within, "a length field exceeds 32 bits" + DAMAGED)
    canonical = (count == 1) | (last != 0)
    faults.check_all(canonical, "a length field is over-long" + DAMAGED)
    return value, position + count


def decode_varint(
    faults: Faults, padded: tf.Tensor, position: tf.Tensor, end: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """`decode_varints` of one; int64 scalars."""
    value, after = decode_varints(faults, padded, position[None], end[None])
    return value[0], after[0]


def equal(values: tf.Tensor, expected: bytes) -> tf.Tensor:
    """Whether int64 [n] are these bytes; bool scalar."""
    return tf.reduce_all(values == tf.constant(list(expected), tf.int64))


def little_endian(value: tf.Tensor, count: int) -> tf.Tensor:
    """An int64 scalar as uint8 [count], low byte first."""
    shifts = tf.range(0, 8 * count, 8, tf.int64)
    return tf.cast(tf.bitwise.right_shift(value, shifts) & 0xFF, tf.uint8)
