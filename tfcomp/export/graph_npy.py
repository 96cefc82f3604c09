"""Arrays in files of NumPy's format .npy, read and written in stock TensorFlow ops.

    magic, version, length, "{'descr': '<u2', 'fortran_order': False, 'shape': (64, 96, 5), }"
    the samples, row by row

Strings of such files hold samples that no picture file does, and REST carries them as base64.
Nothing here raises; a fault is a text.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfcomp.export.graph_bytes import to_bytes, to_string

HEADER_BYTES = 128  # of what is written: NumPy's own for such arrays
_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 4096
_FORM = (
    r"\{'descr': '([^']{1,8})', 'fortran_order': (True|False), 'shape': \(([0-9, ]{1,64})\), ?\}\s*"
)
_SHAPE = r"([0-9]{1,9}), ([0-9]{1,9})(, ([0-9]{1,9}))?"
_NO_FILE = "this is no .npy file of an array [H, W, C]; write it with numpy.save"


class Samples(NamedTuple):
    """An array, or why there is none.

    Attributes:
      values: [H, W, C] of the dtype asked for; [0, 0, 0] where there is an error.
      error: string, "" if none.
    """

    values: tf.Tensor
    error: tf.Tensor


def read(content: tf.Tensor, dtype: np.dtype, max_pixels: int) -> Samples:
    """The array of a file, given as a string scalar.

    Args:
      content: of arrays [H, W, C], or [H, W] for one channel, in C's order and little-endian.
      dtype: uint8, uint16 or float32; another is an error.
      max_pixels: larger pictures are an error; nothing of their size is made.
    """
    text, start = _header(content)
    is_npy = tf.strings.regex_full_match(text, _FORM)
    text = tf.where(is_npy, text, "{'descr': '', 'fortran_order': False, 'shape': (0, 0), }")
    descr, order, shape = (_part(text, _FORM, k) for k in (1, 2, 3))
    is_shape = tf.strings.regex_full_match(shape, _SHAPE)
    sides = tf.where(is_shape, shape, "0, 0")
    height, width, channels = (_number(_part(sides, _SHAPE, k)) for k in (1, 2, 4))
    is_flat = tf.strings.regex_full_match(sides, "[^,]*,[^,]*")
    channels = tf.where(is_flat, tf.constant(1, tf.int64), channels)

    wanted = dtype.newbyteorder("<").str
    fits = (height > 0) & (width > 0) & (width <= max_pixels // tf.maximum(height, 1))
    size = tf.strings.join([tf.strings.as_string(side) for side in (width, height)], "x")
    length = tf.strings.length(content) - start
    claimed = height * width * channels * dtype.itemsize
    error = tf.constant("")
    for holds, reason in (
        (is_npy, _NO_FILE),
        (
            descr == wanted,
            tf.strings.join(
                ["the array is of ", descr, f", and this model takes {dtype.name} ({wanted})"]
            ),
        ),
        (order == "False", "the array is in Fortran's order; numpy.ascontiguousarray turns it"),
        (
            is_shape,
            tf.strings.join(["an array of shape (", shape, ") is no picture; give [H, W, C]"]),
        ),
        (
            fits,
            tf.strings.join(
                ["the image has ", size, f" pixels; this model's limit is {max_pixels}"]
            ),
        ),
        (
            tf.cast(length, tf.int64) == claimed,
            "the array has not as many bytes as its header says; get an undamaged copy of the file",
        ),
    ):
        error = tf.where((error == "") & tf.logical_not(holds), reason, error)

    def decode() -> tf.Tensor:
        samples = tf.io.decode_raw(tf.strings.substr(content, start, length), dtype)
        return tf.reshape(samples, tf.stack([height, width, channels]))

    values = tf.cond(error == "", decode, lambda: tf.zeros([0, 0, 0], dtype))
    return Samples(tf.ensure_shape(values, [None, None, None]), error)


def write(values: tf.Tensor) -> tf.Tensor:
    """An array [H, W, C] of uint8, uint16 or float32 -> a .npy file as a string scalar.

    The very file that numpy.save writes; of one channel of an array [H, W].
    """
    dtype = np.dtype(values.dtype.as_numpy_dtype).newbyteorder("<")
    height, width = (tf.strings.as_string(side) for side in tf.unstack(tf.shape(values)[:2]))
    rest = f", {values.shape[2]}), }}" if values.shape[2] != 1 else "), }"
    start = f"{{'descr': '{dtype.str}', 'fortran_order': False, 'shape': ("
    text = tf.strings.join([start, height, ", ", width, rest])
    room = HEADER_BYTES - len(_MAGIC) - 4
    padding = tf.strings.substr(" " * room, 0, room - 1 - tf.strings.length(text))
    in_bytes = tf.reshape(tf.bitcast(values, tf.uint8), [-1])
    head = _MAGIC + bytes([1, 0, room, 0])
    return tf.strings.join([head, text, padding, "\n", to_string(in_bytes)])


def _header(content: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The text that describes the array, "" where there is none, and where its bytes begin."""
    head = tf.strings.join([tf.strings.substr(content, 0, _LONGEST_HEADER), bytes(12)])
    first = tf.cast(to_bytes(tf.strings.substr(head, 0, 12)), tf.int32)
    is_short = first[6] == 1  # version 1 has a length of two bytes, 2 and 3 of four
    before = tf.where(is_short, 10, 12)
    high = tf.where(is_short, 0, first[10] + first[11])
    length = first[8] + 256 * first[9]
    sound = tf.strings.substr(head, 0, len(_MAGIC)) == _MAGIC
    sound &= (first[6] >= 1) & (first[6] <= 3) & (high == 0)
    sound &= before + length <= tf.minimum(_LONGEST_HEADER, tf.strings.length(content))
    length = tf.where(sound, length, 0)
    return tf.strings.substr(head, before, length), before + length


def _part(text: tf.Tensor, pattern: str, number: int) -> tf.Tensor:
    """A group of a pattern that matches the whole text."""
    return tf.strings.regex_replace(text, f"^{pattern}$", rf"\{number}")


def _number(digits: tf.Tensor) -> tf.Tensor:
    return tf.strings.to_number(tf.where(digits == "", "0", digits), tf.int64)
