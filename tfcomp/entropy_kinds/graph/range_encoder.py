"""The range encoder in stock TensorFlow operations: all rows of an image at once.

It writes the bytes of tfcomp.bitstream.range_coder, which are those of TensorFlow Compression's
operation, and needs neither. Only the interval's size has to be computed symbol by symbol: where
the interval lies does not influence it. So the loop below computes the sizes alone, and the rest is
arithmetic on whole arrays before and after it:

    1. every symbol becomes one narrowing step, an escaped one many
    2. the sizes before each step, in a loop over the steps
    3. what each step adds to the interval's base, summed up between renormalisations
    4. these sums as 16-bit digits of one long number per row, then the carries
    5. the fewest bytes that name a number inside the final interval
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from tfcomp.entropy_kinds.graph.tables import PRECISION, GraphTables

_STEPS_PER_ITERATION = 16  # a loop iteration costs about as much as ten ops
_FULL_SIZE = 1 << 32
_RENORMALISE = 1 << 16
_MAX_DIGITS = 31


class _Steps(NamedTuple):
    """The intervals that narrow each row's, one after another.

    Attributes:
      lower: int64 [R, S] in units of 2**-16.
      upper: likewise.
      count: int64 [R], the steps in use.
    """

    lower: tf.Tensor
    upper: tf.Tensor
    count: tf.Tensor


class _Sums(NamedTuple):
    """What a walk over the symbols leaves.

    Attributes:
      added: int64 [R, K], what the base gained before each row's first, second ... last shift by
        16 bits, and after it.
      shifts: int64 [R], how many shifts.
      size: int64 [R], final interval.
    """

    added: tf.Tensor
    shifts: tf.Tensor
    size: tf.Tensor


def encode_rows(values: tf.Tensor, index: tf.Tensor, tables: GraphTables) -> tf.RaggedTensor:
    """Writes each row of values as a stream of bytes.

    Args:
      values: int32 [R, n].
      index: int32 [n] or [R, n], the table of each.
      tables: of the values.

    Returns:
      a uint8 ragged tensor [R, (bytes)]; unless `can_encode` holds the bytes mean nothing.
    """
    values, index = tf.convert_to_tensor(values), tf.convert_to_tensor(index)
    steps = _narrowing_steps(values, index, tables)
    sizes = _sizes_before_each_step(steps)
    return _finish(_add_up(steps, sizes))


def _narrowing_steps(values: tf.Tensor, index: tf.Tensor, tables: GraphTables) -> _Steps:
    """An escaped symbol is its table's last interval, an Elias gamma code, then a sign.

    A gamma code of d digits is d - 1 zeros, then the digits, in steps of probability 1/2.
    """
    rows = tf.shape(values, tf.int64)[0]
    columns = tf.shape(values, tf.int64)[1]
    symbol = tf.cast(values, tf.int64) - tf.gather(tables.offset, index)
    last = tf.broadcast_to(tf.gather(tables.last, index), tf.shape(values))
    outside = tf.gather(tables.has_escape, index) & ((symbol < 0) | (symbol >= last))
    inside = tf.clip_by_value(symbol, 0, last)
    interval = tf.gather(tables.first, index) + tf.where(outside, last, inside)

    escape = tf.where(outside)
    row, column = escape[:, 0], escape[:, 1]
    symbol, last = tf.boolean_mask(symbol, outside), tf.boolean_mask(last, outside)
    magnitude = tf.where(symbol < 0, -symbol, symbol - last + 1)
    powers = tf.bitwise.left_shift(tf.ones([], tf.int64), tf.range(_MAX_DIGITS, dtype=tf.int64))
    digits = tf.reduce_sum(tf.cast(magnitude[:, None] >= powers, tf.int64), 1)
    bits = 2 * digits  # the sign included
    bits_of_row = tf.math.unsorted_segment_sum(bits, row, rows)
    count = columns + bits_of_row
    width = tf.reduce_max(count)

    owner = tf.repeat(tf.range(tf.size(row)), bits)
    before = tf.cumsum(bits, exclusive=True)
    place = tf.range(tf.size(owner, tf.int64)) - tf.gather(before, owner)
    before -= tf.gather(tf.cumsum(bits_of_row, exclusive=True), row)
    position = tf.stack(
        [tf.gather(row, owner), tf.gather(column + before + 1, owner) + place], axis=1
    )
    # The sign is the lowest bit of the code, after the digits.
    code = 2 * magnitude + tf.cast(symbol < 0, tf.int64)
    bit = tf.bitwise.right_shift(tf.gather(code, owner), tf.gather(bits - 1, owner) - place) & 1

    # A step's symbol: its own number, less the bits inserted up to it.
    inserted = tf.scatter_nd(position, tf.ones_like(bit), tf.stack([rows, width]))
    source = tf.range(width) - tf.cumsum(inserted, axis=1)
    source = tf.clip_by_value(source, 0, tf.maximum(columns - 1, 0))
    interval = tf.gather(interval, source, batch_dims=1)
    half = 1 << PRECISION - 1
    lower = tf.gather(tables.lower, interval)
    upper = tf.gather(tables.upper, interval)
    lower = tf.tensor_scatter_nd_update(lower, position, bit * half)
    upper = tf.tensor_scatter_nd_update(upper, position, bit * half + half)
    return _Steps(lower, upper, count)


def _sizes_before_each_step(steps: _Steps) -> tf.Tensor:
    """int64 [S', R], S' > S: the interval's size as each step finds it. The only loop."""
    rows, width = tf.unstack(tf.shape(steps.lower))
    iterations = width // _STEPS_PER_ITERATION + 1
    padding = [[0, 0], [0, iterations * _STEPS_PER_ITERATION - width]]
    ends = tf.stack([tf.pad(steps.lower, padding), tf.pad(steps.upper, padding, constant_values=1)])
    ends = tf.reshape(tf.transpose(ends, [2, 0, 1]), [iterations, 2 * _STEPS_PER_ITERATION, rows])

    def iteration(i: tf.Tensor, size: tf.Tensor, history: tf.TensorArray) -> tuple[Any, ...]:
        end = tf.unstack(ends[i], num=2 * _STEPS_PER_ITERATION)
        sizes = []
        for lower, upper in zip(end[0::2], end[1::2]):
            sizes.append(size)
            size = tf.bitwise.right_shift(size * upper, PRECISION) - tf.bitwise.right_shift(
                size * lower, PRECISION
            )
            enlarged = tf.bitwise.left_shift(size, 16)
            size = tf.where(size <= _RENORMALISE, enlarged, size)
        return i + 1, size, history.write(i, tf.stack(sizes))

    history = tf.TensorArray(tf.int64, iterations, element_shape=[_STEPS_PER_ITERATION, None])
    _, _, history = tf.while_loop(
        lambda i, *_: i < iterations,
        iteration,
        [0, tf.fill([rows], tf.constant(_FULL_SIZE, tf.int64)), history],
        parallel_iterations=1,
    )
    return tf.reshape(history.stack(), [iterations * _STEPS_PER_ITERATION, rows])


def _add_up(steps: _Steps, sizes: tf.Tensor) -> _Sums:
    """Adds what the steps between two renormalisations put on the base; below 2**32 in all."""
    rows, width = tf.unstack(tf.shape(steps.lower, tf.int64))
    last_size = tf.gather(tf.transpose(sizes), steps.count, batch_dims=1)
    size = tf.transpose(sizes[:width])
    live = tf.range(width) < steps.count[:, None]
    low = tf.bitwise.right_shift(size * steps.lower, PRECISION)
    size = tf.bitwise.right_shift(size * steps.upper, PRECISION) - low
    renormalised = tf.cast((size <= _RENORMALISE) & live, tf.int64)
    shifts = tf.reduce_sum(renormalised, 1)
    slots = tf.reduce_max(shifts) + 1
    slot = tf.cumsum(renormalised, axis=1, exclusive=True) + slots * tf.range(rows)[:, None]
    added = tf.math.unsorted_segment_sum(tf.where(live, low, 0), slot, rows * slots)
    return _Sums(tf.reshape(added, [rows, slots]), shifts, last_size)


def _finish(sums: _Sums) -> tf.RaggedTensor:
    """The streams: each row's sums as one number in base 2**16, then the final bytes."""
    # A sum starts at the word of its slot and reaches into the next one.
    carried = tf.pad(sums.added[:, :-1] & 0xFFFF, [[0, 0], [1, 0]])
    words = tf.bitwise.right_shift(sums.added, 16) + carried
    base = tf.gather(sums.added + tf.bitwise.left_shift(carried, 16), sums.shifts, batch_dims=1)
    base &= _FULL_SIZE - 1

    # Words of a row that is done: before `shifts` written, at `shifts` the top of its base.
    slot = tf.range(tf.shape(words, tf.int64)[1])
    shifts, size = sums.shifts[:, None], sums.size
    straddles = base + size > _FULL_SIZE  # then 2**32 is inside: one more carry, zeros to the end
    words = tf.where(slot <= shifts, words, 0)
    words += tf.where((slot == shifts) & straddles[:, None], tf.constant(1 << 16, tf.int64), 0)
    words = _resolve_carries(words)
    words = tf.where(slot < shifts, words, 0)
    used = tf.reduce_max(tf.where(words > 0, slot + 1, 0), 1)
    ends_in_zero = tf.gather(words, tf.maximum(used - 1, 0), batch_dims=1) & 0xFF == 0
    length_if_straddling = 2 * used - tf.cast(ends_in_zero & (used > 0), tf.int64)

    one_byte, two_bytes = -tf.bitwise.right_shift(-base, 24), -tf.bitwise.right_shift(-base, 16)
    fits_one = tf.bitwise.left_shift(one_byte, 24) < base + size
    tail = tf.where(fits_one, tf.bitwise.left_shift(one_byte, 8), two_bytes)
    tail_length = 2 - tf.cast(tail & 0xFF == 0, tf.int64) - tf.cast(tail == 0, tf.int64)
    length = tf.where(straddles, length_if_straddling, 2 * sums.shifts + tail_length)

    words = tf.where(slot == shifts, tail[:, None], words)
    in_bytes = tf.stack([tf.bitwise.right_shift(words, 8), words & 0xFF], 2)
    in_bytes = tf.reshape(tf.cast(in_bytes, tf.uint8), [tf.shape(words)[0], -1])
    kept = tf.boolean_mask(in_bytes, tf.sequence_mask(length, tf.shape(in_bytes)[1]))
    return tf.RaggedTensor.from_row_lengths(kept, length, validate=False)


def _resolve_carries(words: tf.Tensor) -> tf.Tensor:
    """int64 [R, K] with words of 17 bits -> the same numbers with words of 16 bits.

    A carry runs on through words of 0xFFFF only, so there are two or three rounds, not K.
    """

    def move_up(words: tf.Tensor) -> tf.Tensor:
        carry = tf.bitwise.right_shift(words[:, 1:], 16)
        return ((words & 0xFFFF) + tf.pad(carry, [[0, 0], [0, 1]]),)

    (words,) = tf.while_loop(
        lambda words: tf.reduce_any(words[:, 1:] > 0xFFFF),
        move_up,
        [words],
        shape_invariants=[tf.TensorShape([None, None])],
        parallel_iterations=1,
    )
    return words
