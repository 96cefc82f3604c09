"""The range decoder in stock TensorFlow operations: all rows of an image at once.

It reads what any of the project's range coders writes. All rows decode side by side, 24 symbols in
an iteration of the loop. Where one of the 24 is an escape symbol in any row, the iteration counts
only up to that symbol: the escaped rows then read their Elias gamma codes, bit by bit, and the next
iteration starts after it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from tfcomp.entropy_kinds.graph.tables import PRECISION, GraphTables

_SYMBOLS_PER_ITERATION = 24  # a loop iteration costs about as much as two symbols
_FULL_SIZE = 1 << 32
_LOW_BITS = (1 << 16) - 1
_MAX_ZEROS = 30  # of a gamma code; hostile bytes could make it endless


class _State(NamedTuple):
    """Where each row's decoder stands; all [1, R].

    Attributes:
      ahead: int64, how far the stream's value lies above the interval's base, times 2**16, plus
        2**16 - 1: dividing it by the size gives the largest end that is not above the value.
      size: int64, the interval's size, 2**16 to 2**32.
      position: int32, the next word in _Words.refill.
    """

    ahead: tf.Tensor
    size: tf.Tensor
    position: tf.Tensor


class _Words(NamedTuple):
    """The streams as 16-bit words, zeros after each.

    Attributes:
      word: int64, the words themselves.
      refill: int64, a word w as what `ahead` gains by it when it is scaled up by 2**16.
      start: int32 [1, R], a row's words in both.
      stop: likewise.
    """

    word: tf.Tensor
    refill: tf.Tensor
    start: tf.Tensor
    stop: tf.Tensor


def decode_rows(
    streams: tf.RaggedTensor, index: tf.Tensor, tables: GraphTables
) -> tuple[tf.Tensor, tf.Tensor]:
    """Reads a row of values from each stream of bytes.

    Takes at most 63 steps per value, whatever the bytes are.

    Args:
      streams: uint8 ragged [R, (bytes)].
      index: int32 [n] or [R, n], the table of each value.
      tables: of the values.

    Returns:
      values int32 [R, n], and bool [R], False where no encoder writes such a stream: the row's
      values then mean nothing.
    """
    index = tf.convert_to_tensor(index)
    if index.shape.rank == 1:
        index = index[None]
    words = _read_words(streams)
    state = _State(
        ahead=tf.bitwise.left_shift(_value_before(words, words.start + 2), 16) + _LOW_BITS,
        size=tf.fill(tf.shape(words.start), tf.constant(_FULL_SIZE, tf.int64)),
        position=words.start + 2,
    )
    intervals, escapes, codes, state = _walk(state, words, tf.transpose(index), tables)
    symbols = intervals - tf.gather(tables.first, tf.transpose(index))
    symbols, sound = _apply_escapes(symbols, escapes, codes, intervals, tables)
    values = symbols + tf.gather(tables.offset, tf.transpose(index))
    for integers in (symbols, values):
        sound &= tf.reduce_all((integers >= tf.int32.min) & (integers <= tf.int32.max), 0)
    return tf.transpose(tf.cast(values, tf.int32)), sound & _ends_well(state, words)


def _walk(
    state: _State, words: _Words, index: tf.Tensor, tables: GraphTables
) -> tuple[tf.Tensor, ...]:
    """Decodes all symbols. index: int32 [n, R] or [n, 1].

    Returns intervals int64 [n, R], the symbols that may be escapes (int32 [e], numbers in 0..n-1),
    the gamma codes read after them (int64 [e, R]), and the final state.
    """
    symbols, rows = tf.shape(index)[0], tf.shape(words.start)[1]
    first_key = tf.bitwise.left_shift(tf.cast(index, tf.int64), PRECISION)
    first_key = tf.pad(first_key, [[0, _SYMBOLS_PER_ITERATION], [0, 0]])
    keys = tables.key[None, 1:]
    order = tf.range(_SYMBOLS_PER_ITERATION)

    def iteration(
        i: tf.Tensor, done: tf.Tensor, state: Any, intervals: Any, counts: Any, codes: Any
    ) -> tuple[Any, ...]:
        stay = tf.minimum(state.position, words.stop)
        skipped = state.position - stay
        now = state._replace(position=stay)
        found, states = [], []
        block = first_key[done : done + _SYMBOLS_PER_ITERATION]
        for first in tf.unstack(block, num=_SYMBOLS_PER_ITERATION):
            key = tf.raw_ops.FloorDiv(x=now.ahead, y=now.size) + first
            interval = tf.raw_ops.UpperBound(sorted_inputs=keys, values=key)
            lower, upper = tf.gather(tables.lower, interval), tf.gather(tables.upper, interval)
            now = _narrow(now, lower, upper, words.refill)
            found.append(interval)
            states.append(now)
        found = tf.concat(found, 0)
        escaped = tf.gather(tables.is_escape, found)
        stops = tf.reduce_any(escaped, 1) | (order >= symbols - 1 - done)
        last = tf.argmax(tf.concat([stops[:-1], [True]], 0), output_type=tf.int32)
        now = _State(*(tf.concat(part, 0)[last][None] for part in zip(*states)))
        now = now._replace(position=now.position + skipped)
        code, now = _read_gamma_codes(now, escaped[last][None], words)
        return (
            i + 1,
            done + last + 1,
            now,
            intervals.write(i, found),
            counts.write(i, last + 1),
            codes.write(i, code[0]),
        )

    # An array without any element cannot be stacked: the first one is put there, and left out.
    firsts = [tf.zeros([_SYMBOLS_PER_ITERATION, rows], tf.int32), 0, tf.zeros([rows], tf.int64)]
    arrays = [_growing_array(first) for first in map(tf.convert_to_tensor, firsts)]
    _, _, state, *arrays = tf.while_loop(
        lambda i, done, *_: done < symbols, iteration, [1, 0, state, *arrays], parallel_iterations=1
    )
    intervals, counts, codes = (array.stack()[1:] for array in arrays)
    kept = tf.sequence_mask(counts, _SYMBOLS_PER_ITERATION)
    intervals = tf.boolean_mask(intervals, kept)
    return tf.cast(intervals, tf.int64), tf.cumsum(counts) - 1, codes, state


def _growing_array(first: tf.Tensor) -> tf.TensorArray:
    array = tf.TensorArray(first.dtype, 1, dynamic_size=True, element_shape=first.shape)
    return array.write(0, first)


def _narrow(state: _State, lower: tf.Tensor, upper: tf.Tensor, refill: tf.Tensor) -> _State:
    """One step in every row. lower, upper: int64 [1, R], in units of 2**-16."""
    low = (state.size * lower) & ~_LOW_BITS
    size = ((state.size * upper) & ~_LOW_BITS) - low  # times 2**16, as `ahead` is
    ahead = state.ahead - low
    short = size <= _FULL_SIZE
    scaled_up = tf.bitwise.left_shift(ahead, 16) + tf.gather(refill, state.position)
    return _State(
        tf.where(short, scaled_up, ahead),
        tf.where(short, size, tf.bitwise.right_shift(size, 16)),
        state.position + tf.cast(short, tf.int32),
    )


def _read_gamma_codes(
    state: _State, escaped: tf.Tensor, words: _Words
) -> tuple[tf.Tensor, tf.Tensor]:
    """Reads an Elias gamma code and a sign in the rows where escaped, bool [1, R].

    Returns int64 [1, R], twice the magnitude plus 1 if negative, and the state. It is 0 in a row
    whose code has more leading zeros than any encoder writes.
    """
    half = tf.constant(1 << PRECISION - 1, tf.int64)

    def read_bit(
        bits_read: tf.Tensor, reading: tf.Tensor, zeros: tf.Tensor, code: tf.Tensor, state: Any
    ) -> tuple[Any, ...]:
        bit = tf.cast(state.ahead >= (state.size * half), tf.int64)
        stay = tf.minimum(state.position, words.stop)
        lower = bit * half
        after = _narrow(state._replace(position=stay), lower, lower + half, words.refill)
        after = after._replace(position=after.position + state.position - stay)
        state = _State(*(tf.where(reading, new, old) for new, old in zip(after, state)))
        code = tf.where(reading, 2 * code + bit, code)
        zeros += tf.cast(reading & (code == 0), tf.int32)
        bits_read += 1
        # z zeros, z + 1 digits, a sign.
        reading &= (bits_read < 2 * zeros + 2) & (zeros <= _MAX_ZEROS)
        return bits_read, reading, zeros, code, state

    code = tf.zeros_like(state.size)
    _, _, _, code, state = tf.while_loop(
        lambda bits_read, reading, *_: tf.reduce_any(reading),
        read_bit,
        [0, escaped, tf.zeros_like(state.position), code, state],
        parallel_iterations=1,
    )
    return code, state


def _apply_escapes(
    symbols: tf.Tensor,
    escapes: tf.Tensor,
    codes: tf.Tensor,
    intervals: tf.Tensor,
    tables: GraphTables,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Replaces escape symbols by what their codes say.

    Returns the symbols and bool [R], False where a row has a code that no encoder writes.
    """
    escaped = tf.gather(tables.is_escape, tf.gather(intervals, escapes))
    last = tf.gather(symbols, escapes)  # the escape symbol's own number
    magnitude = tf.bitwise.right_shift(codes, 1)
    outside = tf.where(codes & 1 == 1, -magnitude, magnitude + last - 1)
    outside = tf.where(escaped, outside, last)
    sound = tf.reduce_all(tf.logical_not(escaped) | (codes > 0), 0)
    return tf.tensor_scatter_nd_update(symbols, escapes[:, None], outside), sound


def _read_words(streams: tf.RaggedTensor) -> _Words:
    """Lays the streams out with room for an iteration's reads beyond each end."""
    lengths = streams.row_lengths()
    count = (lengths + 1) // 2
    room = count + _SYMBOLS_PER_ITERATION + 1
    start = tf.cumsum(room, exclusive=True)
    moved_by = 2 * start - tf.cumsum(lengths, exclusive=True)
    place = tf.range(tf.size(streams.flat_values, tf.int64)) + tf.repeat(moved_by, lengths)
    in_bytes = tf.cast(streams.flat_values, tf.int64)
    in_bytes = tf.scatter_nd(place[:, None], in_bytes, [2 * tf.reduce_sum(room)])
    word = tf.bitwise.left_shift(in_bytes[0::2], 8) + in_bytes[1::2]
    # ahead * 2**16 scales its added 2**16 - 1, too.
    refill = tf.bitwise.left_shift(word - _LOW_BITS, 16) + _LOW_BITS
    start = tf.cast(start, tf.int32)[None]
    return _Words(word, refill, start, start + tf.cast(count, tf.int32)[None])


def _value_before(words: _Words, position: tf.Tensor) -> tf.Tensor:
    """int64 [1, R]: the two words before a position, as one number."""
    high = tf.gather(words.word, tf.minimum(position - 2, words.stop))
    return tf.bitwise.left_shift(high, 16) + tf.gather(
        words.word, tf.minimum(position - 1, words.stop)
    )


def _ends_well(state: _State, words: _Words) -> tf.Tensor:
    """bool [R]: the stream is used up, and an encoder that ended here would have written it."""
    value = _value_before(words, state.position)
    base = (value - tf.bitwise.right_shift(state.ahead, 16)) & (_FULL_SIZE - 1)
    end = base + state.size
    by_byte = tf.bitwise.right_shift(base - 1, 24) < tf.bitwise.right_shift(end - 1, 24)
    shift = tf.where(by_byte, tf.constant(24, tf.int64), tf.constant(16, tf.int64))
    chosen = tf.bitwise.left_shift(-tf.bitwise.right_shift(-base, shift), shift)
    chosen = tf.where((base == 0) | (end > _FULL_SIZE), tf.zeros_like(chosen), chosen)
    return ((state.position >= words.stop) & (value == chosen))[0]
