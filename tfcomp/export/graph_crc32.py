"""CRC-32 (zlib's polynomial) in stock TensorFlow ops.

A CRC is linear over GF(2): with a start value of 0, a message's CRC is the XOR of its bytes' own
CRCs, each carried on over the zero bytes that stand for what follows it. So the bytes need not be
taken one after another: the first half of the message is carried on over as many zeros as the
second half is long and XORed to it, all bytes at once, until a single value is left.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import tensorflow as tf

_POLYNOMIAL = 0xEDB88320
# Four bytes that take a CRC from 0 to 0xFFFFFFFF, the value zlib starts from.
_PREFIX = b"\x62\xf5\x26\x92"
_MAX_HALVINGS = 30


def crc32(data: tf.Tensor) -> tf.Tensor:
    """The CRC-32 of uint8 [N], N <= 2**30 - 4, as zlib.crc32 gives it; int64 scalar."""
    data = tf.concat([tf.constant(np.frombuffer(_PREFIX, np.uint8)), data], 0)
    length = tf.size(data)
    powers = tf.bitwise.left_shift(1, tf.range(_MAX_HALVINGS))
    halvings = tf.reduce_sum(tf.cast(powers < length, tf.int32))
    # Zeros in front change nothing as long as the value is still 0.
    data = tf.pad(data, [[tf.bitwise.left_shift(1, halvings) - length, 0]])
    byte_table, shift_tables = (tf.constant(table) for table in _tables())

    def halve(level: tf.Tensor, crcs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        middle = tf.size(crcs) // 2
        first = crcs[:middle]
        table = shift_tables[level - 1]
        crcs = crcs[middle:]
        for place in range(4):
            byte = tf.cast(tf.bitwise.right_shift(first, 8 * place) & 0xFF, tf.int32)
            crcs = tf.bitwise.bitwise_xor(crcs, tf.gather(table[place], byte))
        return level - 1, crcs

    _, crcs = tf.while_loop(
        lambda level, _: level > 0,
        halve,
        [halvings, tf.gather(byte_table, tf.cast(data, tf.int32))],
        shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])],
        parallel_iterations=1,
    )
    return tf.cast(crcs[0], tf.int64) ^ 0xFFFFFFFF


@cache
def _tables() -> tuple[np.ndarray, np.ndarray]:
    """The tables of the CRC.

    Returns:
      uint32 [256], a byte's CRC, and uint32 [30, 4, 256]: a CRC whose only nonzero byte is this
      one, after 2**k zero bytes.
    """
    byte_table: np.ndarray = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        byte_table = byte_table >> 1 ^ (byte_table & 1) * np.uint32(_POLYNOMIAL)
    bits = np.uint32(1) << np.arange(32, dtype=np.uint32)
    shifted = bits >> 8 ^ byte_table[bits & 0xFF]  # every bit alone, after one zero byte
    byte = np.arange(256)
    tables = np.zeros((_MAX_HALVINGS, 4, 256), np.uint32)
    for table in tables:
        for bit in range(32):
            table[bit // 8] ^= (byte >> bit % 8 & 1).astype(np.uint32) * shifted[bit]
        places = [table[place, shifted >> 8 * place & 0xFF] for place in range(4)]
        shifted = np.bitwise_xor.reduce(places)  # twice as many zero bytes
    return byte_table, tables
