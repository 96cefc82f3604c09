"""The `.tfcomp` container of tfcomp.bitstream.container in stock TensorFlow ops.

Every section is a number of streams as tfcomp.bitstream.rows packs them. Faults of
a file are returned as text, never raised: an op that raises fails the other files of a batch too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Optional

import numpy as np
import tensorflow as tf

from tfcomp.bitstream.container import FORMAT_VERSION, MAGIC
from tfcomp.entropy_kinds.graph.base import one_stream_per_row
from tfcomp.export.graph_bytes import to_bytes, to_string
from tfcomp.export.graph_crc32 import crc32

_QUALITY_AT = 8
_HEADER_BYTES = 9
_CRC_BYTES = 4
_MAX_VARINT_BYTES = 5
_MAX_DELTA_BITS = 32
_MOST_FIELD_BYTES = 64  # more than the fields between two places known to be there can have

_DAMAGED = "; get an undamaged copy of the file"
_INCOMPLETE = "; get a complete copy of the file"

StreamCounts = Callable[[tf.Tensor, tf.Tensor], Sequence[tf.Tensor]]


@dataclass(frozen=True)
class Format:
    """What one bundle fixes about its files.

    Attributes:
      fingerprint: the 4 bytes that name the bundle.
      qualities: their number.
      stride: image rows per latent row.
      max_pixels: largest image read.
      fixed_size: (width, height) where the files leave it out.
      stream_counts: (quality, latent rows) -> the streams of each section, at least one; int64
        scalars.
    """

    fingerprint: bytes
    qualities: int
    stride: int
    max_pixels: int
    fixed_size: Optional[tuple[int, int]] = None
    stream_counts: StreamCounts = one_stream_per_row


class Parsed(NamedTuple):
    """A file that was read.

    Attributes:
      error: string, "" where all is well; else the rest means nothing.
      quality: int64.
      width: int64.
      height: int64.
      sections: for each its streams, uint8 ragged [streams, (bytes)].
    """

    error: tf.Tensor
    quality: tf.Tensor
    width: tf.Tensor
    height: tf.Tensor
    sections: tuple[tf.RaggedTensor, ...]


def pack(
    quality: tf.Tensor,
    width: tf.Tensor,
    height: tf.Tensor,
    sections: Sequence[tf.RaggedTensor],
    file_format: Format,
) -> tf.Tensor:
    """Writes a file; string scalar.

    Args:
      quality: integer scalars that the format allows.
      width: likewise.
      height: likewise.
      sections: the streams of each, uint8 ragged [streams, (bytes)], at least one.
      file_format: what the bundle fixes.
    """
    start = MAGIC + bytes([FORMAT_VERSION]) + file_format.fingerprint
    fields = [tf.constant(np.frombuffer(start, np.uint8)), tf.cast(quality, tf.uint8)[None]]
    if file_format.fixed_size is None:
        fields += [_encode_varint(width), _encode_varint(height)]
    for section in map(_pack_rows, sections):
        fields += [_encode_varint(tf.size(section)), section]
    content = tf.concat(fields, 0)
    return to_string(tf.concat([content, _little_endian(crc32(content), _CRC_BYTES)], 0))


def parse(data: tf.Tensor, file_format: Format) -> Parsed:
    """Reads a file, string scalar, after the checks of tfcomp.bitstream in their order.

    They are: magic, version, length, CRC, bundle, quality, size, section lengths, row lengths.
    Nothing larger than the file is allocated before the checks have passed.
    """
    in_bytes = to_bytes(data)
    end = tf.size(in_bytes, tf.int64) - _CRC_BYTES
    # Zeros after the end, so that every field can be read before it is known to be there.
    padded = tf.cast(tf.pad(in_bytes, [[0, _MOST_FIELD_BYTES]]), tf.int64)
    faults = _Faults()
    _check_header(faults, in_bytes, padded, end, file_format)
    position = tf.constant(_HEADER_BYTES, tf.int64)
    if file_format.fixed_size is None:
        width, position = _decode_varint(faults, padded, position, end)
        height, position = _decode_varint(faults, padded, position, end)
    else:
        width, height = tf.unstack(tf.constant(file_format.fixed_size, tf.int64))
    _check_size(faults, width, height, file_format.max_pixels)
    quality = padded[_QUALITY_AT]
    rows = (height + file_format.stride - 1) // file_format.stride
    # A quality that was refused must not reach anything that looks it up.
    allowed = tf.clip_by_value(quality, 1, file_format.qualities)
    counts = file_format.stream_counts(allowed, rows)
    spans = []
    for _ in counts:
        length, position = _decode_varint(faults, padded, position, end)
        faults.check(length <= end - position, "a section runs past the end" + _DAMAGED)
        start, position = position, tf.where(faults.none, position + length, _HEADER_BYTES)
        spans.append((start, position))
    faults.check(position == end, "bytes are left after the sections" + _DAMAGED)
    sections = tuple(
        _unpack_rows(faults, in_bytes, padded, start, stop, count)
        for (start, stop), count in zip(spans, counts)
    )
    return Parsed(faults.text, quality, width, height, sections)


class _Faults:
    """Keeps the first fault found, as text; "" while there is none."""

    def __init__(self) -> None:
        self.text = tf.constant("")

    @property
    def none(self) -> tf.Tensor:
        return self.text == ""

    def check(self, condition: tf.Tensor, text: str) -> None:
        """Notes `text` (str or string scalar) unless the condition holds, bool scalar."""
        self.text = tf.where(self.none & tf.logical_not(condition), text, self.text)


def _check_header(
    faults: _Faults, in_bytes: tf.Tensor, padded: tf.Tensor, end: tf.Tensor, file_format: Format
) -> None:
    """Everything from magic to quality, and the CRC."""
    faults.check(end > -_CRC_BYTES, "the file is empty; get a complete copy of it")
    magic = _equal(padded[: len(MAGIC)], MAGIC)
    faults.check(magic, "this is not a .tfcomp file; give a file that tfcomp compress wrote")
    version = padded[len(MAGIC)]
    known = (version == FORMAT_VERSION) | (end + _CRC_BYTES <= len(MAGIC))
    text = ["the file has format version ", tf.strings.as_string(version)]
    text += [f" and this model reads version {FORMAT_VERSION}; serve it with a newer tfcomp"]
    faults.check(known, tf.strings.join(text))
    faults.check(end >= _HEADER_BYTES, "the file is too short" + _INCOMPLETE)
    end = tf.where(faults.none, end, 0)
    stored = padded[end : end + _CRC_BYTES]
    same = tf.reduce_all(stored == tf.cast(_little_endian(crc32(in_bytes[:end]), 4), tf.int64))
    faults.check(same, "the file is damaged (CRC differs)" + _DAMAGED)
    ours = _equal(padded[len(MAGIC) + 1 : _QUALITY_AT], file_format.fingerprint)
    faults.check(ours, "the file is for another model; decompress it with that one")
    quality = padded[_QUALITY_AT]
    text = ["the file asks for quality ", tf.strings.as_string(quality), " but its model has 1 to "]
    text += [f"{file_format.qualities}{_DAMAGED}"]
    faults.check((quality >= 1) & (quality <= file_format.qualities), tf.strings.join(text))


def _check_size(faults: _Faults, width: tf.Tensor, height: tf.Tensor, max_pixels: int) -> None:
    size = tf.strings.join([tf.strings.as_string(width), tf.strings.as_string(height)], "x")
    text = tf.strings.join(["the file says ", size, " pixels"])
    faults.check((width >= 1) & (height >= 1), text + _DAMAGED)
    # Division, as the product of two 32-bit numbers may exceed 63 bits.
    fits = width <= max_pixels // tf.maximum(height, 1)
    faults.check(fits, text + f", more than the limit of {max_pixels} of this model")


def _encode_varint(value: tf.Tensor) -> tf.Tensor:
    """An integer scalar below 2**32 as uint8 [1 to 5]."""
    value = tf.cast(value, tf.int64)
    rest = tf.bitwise.right_shift(value, tf.range(0, 7 * _MAX_VARINT_BYTES, 7, tf.int64))
    groups = rest & 0x7F
    more = tf.concat([rest[1:] > 0, [False]], 0)
    encoded = groups + tf.where(more, tf.constant(0x80, tf.int64), 0)
    return tf.cast(encoded[: 1 + tf.reduce_sum(tf.cast(more, tf.int32))], tf.uint8)


def _decode_varint(
    faults: _Faults, padded: tf.Tensor, position: tf.Tensor, end: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The value at `position` and the position after it; int64 scalars."""
    window = padded[position : position + _MAX_VARINT_BYTES]
    final = window < 0x80
    count = tf.argmax(final) + 1
    order = tf.range(_MAX_VARINT_BYTES, dtype=tf.int64)
    groups = tf.where(order < count, window & 0x7F, 0)
    value = tf.reduce_sum(tf.bitwise.left_shift(groups, 7 * order))
    within = tf.reduce_any(final) & (value < 1 << 32)
    faults.check(position + count <= end, "the file ends inside a length field" + _INCOMPLETE)
    faults.check(within, "a length field exceeds 32 bits" + _DAMAGED)
    overlong = (count > 1) & (window[count - 1] == 0)
    faults.check(tf.logical_not(overlong), "a length field is over-long" + _DAMAGED)
    return value, position + count


def _pack_rows(streams: tf.RaggedTensor) -> tf.Tensor:
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
    fields = [_encode_varint(shortest), tf.cast(width[None], tf.uint8), tf.cast(packed, tf.uint8)]
    return tf.concat([*fields, streams.flat_values], 0)


def _unpack_rows(
    faults: _Faults,
    in_bytes: tf.Tensor,
    padded: tf.Tensor,
    position: tf.Tensor,
    end: tf.Tensor,
    rows: tf.Tensor,
) -> tf.RaggedTensor:
    """The streams of a section that starts at `position` and ends at `end`; none if at fault."""
    shortest, position = _decode_varint(faults, padded, position, end)
    faults.check(position < end, "a section ends in its row lengths" + _DAMAGED)
    width = padded[position]
    position += 1
    faults.check(width <= _MAX_DELTA_BITS, "row lengths exceed 32 bits" + _DAMAGED)
    packed_end = position + (rows * width + 7) // 8
    least = rows * tf.minimum(shortest, end + 1)  # no more than 63 bits
    faults.check(packed_end + least <= end, "rows run past their section" + _DAMAGED)

    # From here on what is allocated follows from the file's own length.
    rows = tf.where(faults.none, rows, 0)
    packed_end = tf.where(faults.none, packed_end, position)
    bit = tf.range(8, dtype=tf.int64)
    planes = tf.bitwise.right_shift(padded[position:packed_end, None], bit) & 1
    planes = tf.reshape(planes, [-1])
    used = rows * width
    unpadded = tf.reduce_all(planes[used:] == 0)
    faults.check(unpadded, "row lengths are not padded with zeros" + _DAMAGED)
    planes = tf.reshape(planes[:used], [rows, width])
    deltas = tf.reduce_sum(tf.bitwise.left_shift(planes, tf.range(width)), 1)
    lengths = deltas + shortest
    filled = tf.reduce_sum(lengths) == end - packed_end
    faults.check(filled, "rows do not fill their section" + _DAMAGED)
    lengths = lengths[: tf.where(faults.none, rows, 0)]
    end = tf.where(faults.none, end, packed_end)
    return tf.RaggedTensor.from_row_lengths(in_bytes[packed_end:end], lengths, validate=False)


def _equal(values: tf.Tensor, expected: bytes) -> tf.Tensor:
    return tf.reduce_all(values == tf.constant(list(expected), tf.int64))


def _little_endian(value: tf.Tensor, count: int) -> tf.Tensor:
    """An int64 scalar as uint8 [count], low byte first."""
    shifts = tf.range(0, 8 * count, 8, tf.int64)
    return tf.cast(tf.bitwise.right_shift(value, shifts) & 0xFF, tf.uint8)
