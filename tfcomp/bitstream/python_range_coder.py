"""The range coder in pure Python, for machines without a C compiler.

The interval arithmetic is G. N. N. Martin's ("Range encoding: an algorithm for removing redundancy
from a digitised message", 1979) with the word sizes, the escape code and the final bytes of
TensorFlow Compression's ops, so that each reads what the other writes.

Each symbol narrows a 32-bit interval [base, base + size). When `size` falls to 2**16 or less, the
interval's upper 16 bits are written and the rest is scaled up. A later symbol may still carry into
words that are written; here the words keep such carries in their 17th bit until the end.

A value outside its table is written as the table's last interval, the escape symbol, then the
Elias gamma code (P. Elias, "Universal codeword sets", 1975) of its distance from the table, then a
sign, all in bits of probability 1/2.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from tfcomp.bitstream.tables import CdfTables

MAX_GAMMA_BITS = 31  # so a gamma code starts with 30 zeros at most
_MAX_INT32 = 2**31 - 1
_RENORMALISE = 1 << 16


def encode_symbols(symbols: np.ndarray, index: np.ndarray, tables: CdfTables) -> bytes:
    """Writes symbols[k] with table index[k]. Both are int32 [n].

    Raises:
      ValueError: an index has no table, or a table cannot express its symbol.
    """
    words: list[int] = []
    base, size = 0, 1 << 32
    for lower, upper, precision in zip(*_intervals(symbols, index, tables)):
        low = size * lower >> precision
        base += low
        size = (size * upper >> precision) - low
        if size <= _RENORMALISE:
            words.append(base >> 16)
            base = (base & 0xFFFF) << 16
            size <<= 16
    return _finish(words, base, size)


def decode_symbols(data: bytes, index: np.ndarray, tables: CdfTables, out: np.ndarray) -> bool:
    """Reads one symbol per entry of `index` (int32 [n]) into `out` (int32 [n]).

    Returns:
      False where no encoder with these tables and this index writes the bytes.

    Raises:
      ValueError: an index has no table.
    """
    check_index(index, tables)
    padded = bytes(data) + bytes(4 + len(data) % 2)
    words = np.frombuffer(padded, dtype=">u2").tolist()
    available = len(words)
    symbols: list[int] = []
    append, search = symbols.append, bisect_right
    # `ahead` is how far the stream's value lies above the interval's base.
    ahead, size, position = words[0] << 16 | words[1], 1 << 32, 2
    for cdf, precision, escape in map(tables.models.__getitem__, index.tolist()):
        symbol = search(cdf, ((ahead + 1 << precision) - 1) // size) - 1
        low = size * cdf[symbol] >> precision
        size = (size * cdf[symbol + 1] >> precision) - low
        ahead -= low
        if size <= _RENORMALISE:
            size <<= 16
            ahead = ahead << 16 | (words[position] if position < available else 0)
            position += 1
        if symbol == escape:
            magnitude, negative, ahead, size, position = _decode_gamma(ahead, size, words, position)
            symbol = -magnitude if negative else magnitude + escape - 1
            if magnitude == 0 or symbol > _MAX_INT32:
                return False
        append(symbol)
    out[:] = symbols
    last = [words[k] if k < available else 0 for k in (position - 2, position - 1)]
    return 2 * position >= len(data) and _ends_well(last[0] << 16 | last[1], ahead, size)


def _intervals(
    symbols: np.ndarray, index: np.ndarray, tables: CdfTables
) -> tuple[list[int], list[int], list[int]]:
    """Lower end, upper end and precision of every narrowing step; an escape takes many."""
    check_index(index, tables)
    start = tables.starts[index]
    signed_precision = tables.cdf[start]
    escape = tables.starts[index + 1] - start - 3
    wide = symbols.astype(np.int64)
    outside = (wide < 0) | (wide >= escape)
    if (outside & (signed_precision > 0) & ((wide < 0) | (wide > escape))).any():
        raise ValueError("a symbol is outside its table, which has no escape symbol")
    escaped = np.flatnonzero(outside & (signed_precision < 0))
    magnitudes = np.where(wide < 0, -wide, wide - escape + 1)[escaped]
    if (magnitudes > _MAX_INT32).any():
        raise ValueError("a symbol is too far outside its table to be coded")
    at = start + 1 + np.where(outside, escape, wide)
    lower, upper = tables.cdf[at].tolist(), tables.cdf[at + 1].tolist()
    precision = np.abs(signed_precision).tolist()
    steps: tuple[list[int], list[int], list[int]] = ([], [], [])
    done = 0
    for k, magnitude in zip(escaped.tolist(), magnitudes.tolist()):
        digits = [int(digit) for digit in f"{magnitude:b}"]
        bits = [0] * (len(digits) - 1) + digits + [int(wide[k] < 0)]
        steps[0].extend(lower[done : k + 1] + bits)
        steps[1].extend(upper[done : k + 1] + [bit + 1 for bit in bits])
        steps[2].extend(precision[done : k + 1] + [1] * len(bits))
        done = k + 1
    return steps[0] + lower[done:], steps[1] + upper[done:], steps[2] + precision[done:]


def _finish(words: list[int], base: int, size: int) -> bytes:
    """Resolves the carries and adds the fewest bytes that name a value in [base, base + size)."""
    carry, base = base >> 32, base & 0xFFFFFFFF
    straddles = base + size > 1 << 32
    if straddles:  # 2**32 lies inside: one more carry, and zeros to the end
        carry = 1
    for k in range(len(words) - 1, -1, -1):
        word = words[k] + carry
        words[k], carry = word & 0xFFFF, word >> 16
    head = np.array(words, dtype=">u2").tobytes()
    if straddles:
        return head.rstrip(b"\x00")
    if base == 0:
        return head
    byte = -(-base >> 24)
    if byte << 24 < base + size:
        return head + bytes([byte])
    word = -(-base >> 16)
    return head + word.to_bytes(2, "big").rstrip(b"\x00")


def _decode_gamma(
    ahead: int, size: int, words: list[int], position: int
) -> tuple[int, int, int, int, int]:
    """Reads an Elias gamma code and a sign.

    Returns magnitude, sign (1: negative), and the three numbers of the state. The magnitude is 0
    where the code is longer than any that an encoder writes; hostile bytes could make it endless.
    """
    zeros, magnitude, remaining = 0, 0, -1
    while True:
        half = size >> 1
        if ahead >= half:
            bit, ahead, size = 1, ahead - half, size - half
        else:
            bit, size = 0, half
        if size <= _RENORMALISE:
            size <<= 16
            ahead = ahead << 16 | (words[position] if position < len(words) else 0)
            position += 1
        if remaining == 0:
            return magnitude, bit, ahead, size, position
        if remaining > 0:
            magnitude = magnitude << 1 | bit
            remaining -= 1
        elif bit:
            magnitude, remaining = 1, zeros
        else:
            zeros += 1
            if zeros == MAX_GAMMA_BITS:
                return 0, 0, ahead, size, position


def _ends_well(value: int, ahead: int, size: int) -> bool:
    """Whether an encoder that ended in this interval would have written this value."""
    base = value - ahead & 0xFFFFFFFF
    if base == 0 or base + size > 1 << 32:
        return value == 0
    shift = 24 if base - 1 >> 24 < base + size - 1 >> 24 else 16
    return value == -(-base >> shift) << shift


def check_index(index: np.ndarray, tables: CdfTables) -> None:
    """Raises ValueError where an index, of an int32 array, has no table."""
    if index.size and not 0 <= int(index.min()) <= int(index.max()) < tables.count:
        raise ValueError(f"an index names none of the {tables.count} tables")
