"""The `.tfcomp` container of tfcomp.bitstream.container in stock TensorFlow ops: format version 1.

Every section is a number of streams as tfcomp.bitstream.rows packs them. Faults of
a file are returned as text, never raised: an op that raises fails the other files of a batch too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Optional

import numpy as np
import tensorflow as tf

from tfcomp.bitstream.container import FORMAT_VERSION, MAGIC
from tfcomp.entropy_kinds.graph.base import one_stream_per_row
from tfcomp.export.graph_bytes import to_string
from tfcomp.export.graph_crc32 import crc32
from tfcomp.export.graph_fields import (
    DAMAGED,
    INCOMPLETE,
    Faults,
    encode_varint,
    little_endian,
)
from tfcomp.export.graph_rows import pack_rows

QUALITY_AT = 8
HEADER_BYTES = 9
CRC_BYTES = 4

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
      quality_steps: 32 where there are qualities between two levels.
      sequence: whether frames may depend on the one before.
      stream_counts: (quality, latent rows) -> the streams of each section, at least one; int64
        scalars.
    """

    fingerprint: bytes
    qualities: int
    stride: int
    max_pixels: int
    fixed_size: Optional[tuple[int, int]] = None
    quality_steps: int = 1
    sequence: bool = False
    stream_counts: StreamCounts = one_stream_per_row


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
        fields += [encode_varint(width), encode_varint(height)]
    for section in map(pack_rows, sections):
        fields += [encode_varint(tf.size(section)), section]
    content = tf.concat(fields, 0)
    return to_string(tf.concat([content, little_endian(crc32(content), CRC_BYTES)], 0))


def check_whole(
    faults: Faults, in_bytes: tf.Tensor, padded: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Checks the length and the CRC of a file of version 1.

    Returns where its picture begins, with the fingerprint, and where it ends; int64 scalars.
    """
    end = tf.size(in_bytes, tf.int64) - CRC_BYTES
    faults.check(end >= HEADER_BYTES, "the file is too short" + INCOMPLETE)
    end = tf.where(faults.none, end, 0)
    stored = padded[end : end + CRC_BYTES]
    same = tf.reduce_all(
        stored == tf.cast(little_endian(crc32(in_bytes[:end]), CRC_BYTES), tf.int64)
    )
    faults.check(same, "the file is damaged (CRC differs)" + DAMAGED)
    return tf.constant(len(MAGIC) + 1, tf.int64), end
