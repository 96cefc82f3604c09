"""Byte for byte against TensorFlow Compression's range coder ops, the referee."""

from __future__ import annotations

import os

import numpy as np
import pytest

from tests import needs
from tfcomp.bitstream import python_range_coder, range_coder
from tfcomp.errors import BitstreamError

from .coder_cases import random_symbols, random_tables, tables_of

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytest.importorskip("tensorflow_compression", reason=needs.TENSORFLOW_COMPRESSION)
from tensorflow_compression.python.ops import gen_ops  # noqa: E402

C_EXTENSION = range_coder._range_coder
CASES = 4000
CODERS = [None] if C_EXTENSION is None else [None, C_EXTENSION]


def each_coder():
    """Lets the pure-Python coder serve during the first turn of a loop, then the one in C."""
    for extension in CODERS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(range_coder, "_range_coder", extension)
            yield


@pytest.mark.skipif(C_EXTENSION is None, reason=needs.EXTENSION)
def test_the_c_extension_takes_part_in_the_comparison():
    assert C_EXTENSION in CODERS


def tfc_encode(symbols, index, tables):
    handle = gen_ops.create_range_encoder(symbols.shape[:-1], tables.cdf)
    handle = gen_ops.entropy_encode_index(handle, index, symbols)
    return gen_ops.entropy_encode_finalize(handle).numpy()


def tfc_decode(data, index, tables):
    """(symbols, whether TFC finds the stream sound)"""
    handle = gen_ops.create_range_decoder(data, tables.cdf)
    handle, symbols = gen_ops.entropy_decode_index(handle, index, index.shape[-1:], "int32")
    return symbols.numpy(), gen_ops.entropy_decode_finalize(handle).numpy()


def assert_same(symbols, index, tables):
    """Symbols and index are [n], or [rows, n] for as many streams."""
    symbols, index = np.atleast_2d(symbols, index)
    streams = list(tfc_encode(symbols, index, tables))
    for _ in each_coder():
        assert range_coder.encode_rows(symbols, index, tables) == streams
        np.testing.assert_array_equal(range_coder.decode_rows(streams, index, tables), symbols)
    decoded, sound = tfc_decode(np.array(streams, dtype=object), index, tables)
    np.testing.assert_array_equal(decoded, symbols)
    assert sound.all()


def test_thousands_of_random_cases_agree_in_both_directions():
    random = np.random.default_rng(7)
    for _ in range(CASES // 8):
        tables = random_tables(random)
        count = 1 if random.integers(8) == 0 else int(random.integers(1, 100))
        symbols, index = random_symbols(random, tables, 8 * count)
        assert_same(symbols.reshape(8, count), index.reshape(8, count), tables)


def test_long_streams_with_far_escapes_agree():
    random = np.random.default_rng(8)
    for far in (0.0, 0.02, 0.5, 1.0):
        tables = random_tables(random, escape=True)
        assert_same(*random_symbols(random, tables, 5000, far), tables)


@pytest.mark.parametrize(
    "table",
    [
        [3, 0, 3, 8],
        [1, 0, 1, 2],
        [2, 0, 1, 3, 4],
        [16, 0, 21845, 43690, 65536],
        [16, 0, 1, 65535, 65536],
        [-16, 0, 30000, 65535, 65536],
    ],
)
def test_runs_that_delay_a_carry_agree(table):
    """Symbols that keep the interval astride a boundary, then fall to either side of it, or end."""
    tables, plain = tables_of(table), tables_of([abs(table[0]), *table[1:]])
    zeros = np.zeros(420, dtype=np.int32)
    last = len(table) - 3
    for length in (1, 2, 3, 7, 8, 9, 40, 200):
        cases = []
        for first in (0x7F, 0x01, 0x5A, 0xFE):
            # What a decoder makes of 7fff...: every interval holds the boundary or nears it.
            symbols = np.empty_like(zeros)
            python_range_coder.decode_symbols(
                bytes([first]) + b"\xff" * length, zeros, plain, symbols
            )
            astride = symbols[: 2 * length].tolist()
            tails = [[0], [last], [0, last], [last, 0]]
            cases += [astride + tail * (20 // len(tail)) for tail in tails]
            cases += [symbols[: 2 * length + 20].tolist()]
        cases = np.array(cases, dtype=np.int32)
        assert_same(cases, np.zeros_like(cases), tables)
        for tail in (1, 2, 3, 19, 20):  # also streams that end while the carry is open
            assert_same(cases[:, :-tail], np.zeros_like(cases[:, :-tail]), tables)


@pytest.mark.parametrize("precision", range(1, 17))
def test_every_precision_agrees_at_its_extremes(precision):
    random = np.random.default_rng(precision)
    end = 1 << precision
    tables = tables_of(
        [-precision, 0, end],  # nothing but the escape symbol
        [-precision, 0, 1, end],  # one rare symbol
        [-precision, 0, end - 1, end] if end > 2 else [-precision, 0, 1, end],  # a rare escape
        [precision, 0, end] if precision != end else [-precision, 0, end],  # certain
        [-precision, *range(min(end, 500)), end],
    )
    for count in (1, 2, 50, 500):
        assert_same(*random_symbols(random, tables, count), tables)


def test_escapes_at_every_power_of_two_agree():
    tables = tables_of([-5, 0, 7, 20, 31, 32])
    sizes = np.array([(1 << power) + step for power in range(30) for step in (-1, 0, 1)])
    sizes = sizes[(sizes > 0) & (sizes < 1 << 30)]
    symbols = np.concatenate([-sizes, sizes + 2]).astype(np.int32)
    assert_same(symbols, np.zeros_like(symbols), tables)
    one_each = symbols[:, None]
    assert_same(one_each, np.zeros_like(one_each), tables)


def test_tfc_reads_the_escapes_that_it_cannot_write():
    """Its encoder hangs on gamma codes from 2**30; its decoder is fine with them."""
    tables = tables_of([-5, 0, 7, 20, 31, 32])
    symbols = np.array([2**30 + 2, -(2**30), 2**31 - 1, 1 - 2**31], dtype=np.int32)
    index = np.zeros_like(symbols)
    for _ in each_coder():
        decoded, sound = tfc_decode(range_coder.encode(symbols, index, tables), index, tables)
        np.testing.assert_array_equal(decoded, symbols)
        assert sound


def test_random_bytes_decode_as_tfc_decodes_them_and_fail_where_its_sanity_check_fails():
    """Without escape symbols, for TFC hangs on some random bytes where there are any."""
    random = np.random.default_rng(10)
    outcomes = {True: 0, False: 0}
    for _ in range(CASES // 4):
        tables = random_tables(random, escape=False)
        symbols, index = random_symbols(random, tables, int(random.integers(1, 60)))
        data = random.bytes(int(random.integers(0, 12)))
        if random.integers(2):  # a sound stream, or nearly
            data = range_coder.encode(symbols, index, tables) + bytes(int(random.integers(0, 4)))
        expected, sound = tfc_decode(data, index, tables)
        outcomes[bool(sound)] += 1
        for _ in each_coder():
            if sound:
                np.testing.assert_array_equal(range_coder.decode(data, index, tables), expected)
            else:
                with pytest.raises(BitstreamError):
                    range_coder.decode(data, index, tables)
    assert min(outcomes.values()) > 100


def test_damaged_streams_with_escapes_that_pass_here_pass_there():
    random = np.random.default_rng(11)
    passed = 0
    for _ in range(CASES // 8):
        tables = random_tables(random, escape=True)
        symbols, index = random_symbols(random, tables, int(random.integers(1, 12)))
        data = bytearray(range_coder.encode(symbols, index, tables))
        if data:
            data[random.integers(len(data))] = random.integers(256)
        for _ in each_coder():
            try:
                decoded = range_coder.decode(bytes(data), index, tables)
            except BitstreamError:
                continue
            expected, sound = tfc_decode(bytes(data), index, tables)
            np.testing.assert_array_equal(decoded, expected)
            assert sound
            passed += 1
    assert passed > 50
