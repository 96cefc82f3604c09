"""The range coder's tables as constants of a TensorFlow graph.

All tables of a codec lie in one list of intervals, so that one operation finds the intervals of all
rows of an image, and one fetches their ends, whichever table each row uses.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tfcomp.bitstream.tables import CdfTables

PRECISION = 16  # every table is scaled up to it, which is exact
_NOTHING = (PRECISION, 0, 1 << PRECISION)  # one interval of probability 1


class GraphTables(tf.Module):
    """The P intervals of N tables, table by table; the last table is `nothing`, made here.

    nothing: N - 1. The table's only value, 0, takes no bits and leaves the range coder as it was,
        so that rows of fewer values than others can be filled up with it.
    lower, upper: int64 [P], an interval's ends in units of 2**-16.
    key: int64 [P], table * 2**16 + lower: rises strictly, so it can be searched.
    is_escape: bool [P], whether the interval is its table's escape symbol.
    first, last: int64 [N], each table's first interval, and its last one counted from the first.
    has_escape: bool [N].
    offset: int64 [N], symbol = value - offset.
    """

    def __init__(self, tables: CdfTables, name: str = "tables") -> None:
        super().__init__(name=name)
        cdf = np.append(tables.cdf, _NOTHING).astype(np.int64)
        starts = np.append(tables.starts, len(cdf)).astype(np.int64)
        signed_precision = cdf[starts[:-1]]
        intervals = np.diff(starts) - 2
        table = np.repeat(np.arange(len(intervals)), intervals)
        first = np.cumsum(intervals) - intervals
        # Where the lower ends are in `cdf`: all but each table's precision and its final 2**p.
        at = np.arange(len(table)) - first[table] + starts[table] + 1
        scale = PRECISION - np.abs(signed_precision)[table]
        lower, upper = cdf[at] << scale, cdf[at + 1] << scale
        is_escape = np.zeros(len(table), bool)
        is_escape[(first + intervals - 1)[signed_precision < 0]] = True
        self.nothing = tables.count
        with tf.device("/CPU:0"):
            self.lower = tf.constant(lower)
            self.upper = tf.constant(upper)
            self.key = tf.constant(table << PRECISION | lower)
            self.is_escape = tf.constant(is_escape)
            self.first = tf.constant(first)
            self.last = tf.constant(intervals - 1)
            self.has_escape = tf.constant(signed_precision < 0)
            self.offset = tf.constant(np.append(tables.cdf_offset, 0).astype(np.int64))


def can_encode(values: tf.Tensor, index: tf.Tensor, tables: GraphTables) -> tf.Tensor:
    """Whether the tables can express every value; bool scalar.

    Args:
      values: int32 [R, n].
      index: int32 [n] or [R, n]. A table without an escape symbol expresses only its own symbols,
        one with it all that lie less than 2**31 away.
      tables: of the values.
    """
    symbol = tf.cast(values, tf.int64) - tf.gather(tables.offset, index)
    last = tf.gather(tables.last, index)
    escapes = tf.gather(tables.has_escape, index)
    lowest = tf.where(escapes, tf.constant(-(2**31) + 1, tf.int64), tf.zeros_like(last))
    highest = tf.where(escapes, last + (2**31 - 2), last)
    highest = tf.minimum(highest, tf.constant(2**31 - 1, tf.int64))
    return tf.reduce_all((symbol >= lowest) & (symbol <= highest))
