"""The range coder's own promises, for each backend. test_range_coder_against_tfc.py has the
comparison with TensorFlow Compression, which made the byte strings below."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from tests import needs
from tfcomp.bitstream import python_range_coder, range_coder
from tfcomp.bitstream.range_coder import decode, decode_rows, encode, encode_rows
from tfcomp.errors import BitstreamError

from .coder_cases import random_symbols, random_tables, tables_of

C_EXTENSION = range_coder._range_coder
COIN = [1, 0, 1, 2]
FIVE = [-4, 0, 3, 12, 15, 16]  # masses 3, 9, 3 and 1 of 16 for the escape symbol
ONLY_ESCAPE = [-1, 0, 2]
INT32_MAX, INT32_MIN = 2**31 - 1, -(2**31)


@pytest.fixture(params=["python", "c"], autouse=True)
def backend(request, monkeypatch):
    """Runs each test with both coders."""
    if request.param == "c" and C_EXTENSION is None:
        pytest.skip(needs.EXTENSION)
    monkeypatch.setattr(range_coder, "_range_coder", C_EXTENSION if request.param == "c" else None)
    return request.param


def int32(*values) -> np.ndarray:
    return np.array(values, dtype=np.int32)


GOLDEN = [
    ([COIN], [], "", None),
    ([COIN], [1], "80", None),
    ([COIN], [0, 1, 1, 0, 1, 0, 0, 1], "69", None),
    ([COIN], [0] * 8, "", None),
    ([COIN], [0] * 39 + [1], "0000000001", None),
    ([FIVE], [0], "", None),
    ([FIVE], [1], "30", None),
    ([FIVE], [2], "c0", None),
    ([FIVE], [3], "f8", None),
    ([FIVE], [-1], "fc", None),
    ([FIVE], [4], "f4", None),
    ([FIVE], [1] * 40, "6db6db6a1a", None),
    ([FIVE], [1, 1, 1, 1, 2, 0, -5, 1, 9, 1], "76cea26d", None),
    ([FIVE], [-(2**29)], "f000000040000001", None),
    ([FIVE], [2**29], "f0000000fffffff0", None),
    ([ONLY_ESCAPE], [0, -1, 5], "b3", None),
    ([[16, 0, 1, 65536]], [0] * 4, "0000000000000000", None),
    ([[16, 0, 1, 65536]], [1] * 1000, "04", None),
    ([[16, 0, 65536]], [0] * 1000, "", None),
    ([FIVE, [3, 0, 1, 7, 8]], [0, 1, -3, 2], "28dc", [0, 1, 0, 1]),
]


@pytest.mark.parametrize(("tables", "symbols", "stream", "index"), GOLDEN)
def test_streams_have_exactly_these_bytes(tables, symbols, stream, index):
    tables, symbols = tables_of(*tables), int32(*symbols)
    index = np.zeros_like(symbols) if index is None else int32(*index)
    assert encode(symbols, index, tables).hex() == stream
    np.testing.assert_array_equal(decode(bytes.fromhex(stream), index, tables), symbols)


@pytest.mark.parametrize(
    ("table", "last", "stream"),
    [
        ([3, 0, 3, 8], 0, "7fffffffffffff23"),
        ([3, 0, 3, 8], 1, "8000000000000043"),
        ([16, 0, 21845, 43690, 65536], 0, "7fffffffffffffffffffffffdb"),
        ([16, 0, 21845, 43690, 65536], 1, "800000000000000000000000c2"),
        ([2, 0, 1, 3, 4], 0, "7ffffffffffffff8"),
        ([2, 0, 1, 3, 4], 1, "80"),
        ([2, 0, 1, 3, 4], 2, "8000000000000007c0"),
    ],
)
def test_a_carry_runs_back_through_the_bytes_already_written(table, last, stream):
    tables = tables_of(table)
    # Each of these symbols keeps the interval astride 0x8000..., so that no byte is settled.
    index = np.zeros(60, dtype=np.int32)
    astride = np.empty_like(index)
    python_range_coder.decode_symbols(b"\x7f" + b"\xff" * 40, index, tables, astride)
    symbols = np.append(astride, int32(last, last, last))
    index = np.zeros_like(symbols)
    assert encode(symbols, index, tables).hex() == stream
    np.testing.assert_array_equal(decode(bytes.fromhex(stream), index, tables), symbols)


def test_random_symbols_come_back():
    random = np.random.default_rng(1)
    for _ in range(300):
        tables = random_tables(random)
        symbols, index = random_symbols(random, tables, int(random.integers(0, 200)))
        data = encode(symbols, index, tables)
        np.testing.assert_array_equal(decode(data, index, tables), symbols)


def test_offsets_move_the_values():
    tables = tables_of(FIVE, FIVE, offsets=[-1, 1000])
    values, index = int32(-1, 0, 1, 1000, 1001, 5000), int32(0, 0, 0, 1, 1, 1)
    data = encode(values, index, tables)
    assert data == encode(int32(0, 1, 2, 0, 1, 4000), index, tables_of(FIVE, FIVE))
    np.testing.assert_array_equal(decode(data, index, tables), values)


def test_the_largest_escapes_come_back_and_larger_ones_raise_value_error():
    tables, zero = tables_of(FIVE), int32(0)
    for symbol in (INT32_MAX, INT32_MIN + 1, 2**30 + 2, 2**30 + 1, -(2**30), -(2**30) + 1):
        data = encode(int32(symbol), zero, tables)
        assert decode(data, zero, tables).tolist() == [symbol]
    with pytest.raises(ValueError):
        encode(int32(INT32_MIN), zero, tables)
    with pytest.raises(ValueError):  # here INT32_MAX needs a gamma code of 2**31
        encode(int32(INT32_MAX), zero, tables_of(ONLY_ESCAPE))


@pytest.mark.parametrize(
    ("value", "offset"), [(INT32_MAX, -1), (INT32_MAX, -9), (INT32_MIN, 1), (INT32_MIN, 9)]
)
def test_values_too_far_from_their_offset_raise_value_error(value, offset):
    with pytest.raises(ValueError):
        encode(int32(value), int32(0), tables_of(FIVE, offsets=[offset]))


def test_values_outside_int32_in_a_stream_raise_bitstream_error():
    data = encode(int32(INT32_MAX), int32(0), tables_of(FIVE))
    with pytest.raises(BitstreamError):
        decode(data, int32(0), tables_of(FIVE, offsets=[1]))
    data = encode(int32(INT32_MIN + 1), int32(0), tables_of(FIVE))
    with pytest.raises(BitstreamError):
        decode(data, int32(0), tables_of(FIVE, offsets=[-2]))


@pytest.mark.parametrize(
    ("cdf", "value"), [([0, 4], 2**31 - 2), ([0, 1, 4], 2**31 - 1), ([0, 1, 2, 4], None)]
)
def test_a_gamma_code_that_ends_outside_int32_raises_bitstream_error(cdf, value):
    escape = len(cdf) - 2
    # The escape symbol, then the longest gamma code, 2**31 - 1, and the sign +, bit by bit.
    bits = [0] * 30 + [1] * 31 + [0]
    stream = encode(int32(escape, *bits), int32(0, *[1] * 62), tables_of([2, *cdf], COIN))
    if value is None:
        with pytest.raises(BitstreamError):
            decode(stream, int32(0), tables_of([-2, *cdf]))
    else:
        assert decode(stream, int32(0), tables_of([-2, *cdf])).tolist() == [value]


@pytest.mark.parametrize(("symbols", "index"), [([-1], [0]), ([2], [0]), ([0], [1]), ([0], [-1])])
def test_symbols_without_an_interval_and_indices_without_a_table_raise_value_error(symbols, index):
    with pytest.raises(ValueError):
        encode(int32(*symbols), int32(*index), tables_of(COIN))


@pytest.mark.parametrize("index", [-1, 1, INT32_MIN, INT32_MAX])
def test_decoding_with_an_index_without_a_table_raises_value_error(index):
    with pytest.raises(ValueError):
        decode(b"abc", int32(index), tables_of(COIN))


@pytest.mark.parametrize(
    ("values", "index"),
    [
        (np.zeros(2, np.int32), np.zeros(3, np.int32)),
        (np.zeros((2, 2), np.int32), np.zeros((2, 2), np.int32)),
        (np.zeros(2, np.float32), np.zeros(2, np.int32)),
        (np.array([2**31]), np.zeros(1, np.int32)),
    ],
)
def test_arrays_of_another_shape_or_kind_raise_value_error(values, index):
    with pytest.raises(ValueError):
        encode(values, index, tables_of(COIN))


def test_other_integer_types_and_strides_are_taken():
    values, index = np.array([0, 9, 1, 9, 1, 9, 0, 9])[::2], np.zeros(4, dtype=np.uint8)
    assert encode(values, index, tables_of(COIN)).hex() == "60"


def test_a_stream_cut_short_or_lengthened_never_passes_as_itself():
    random = np.random.default_rng(2)
    tables = tables_of(FIVE, COIN)
    for _ in range(30):
        symbols, index = random_symbols(random, tables, 60)
        data = encode(symbols, index, tables)
        for damaged in (data[:-1], data[:-2], data[: len(data) // 2], b"", data + b"\x01"):
            try:
                decoded = decode(damaged, index, tables)
            except BitstreamError:
                continue
            assert not np.array_equal(decoded, symbols)
        with pytest.raises(BitstreamError):
            decode(data + b"\x00\x01\x02\x03\x04", index, tables)


def test_no_values_are_the_empty_stream():
    nothing = np.zeros(0, dtype=np.int32)
    assert encode(nothing, nothing, tables_of(FIVE)) == b""
    assert decode(b"", nothing, tables_of(FIVE)).shape == (0,)
    for data in (b"\x01", b"\x00\x00\x00\x00\x00", bytes(1000)):
        with pytest.raises(BitstreamError):
            decode(data, nothing, tables_of(FIVE))


def test_zeros_after_a_stream_are_read_as_what_they_stand_for_within_the_decoders_reach():
    """As TensorFlow Compression's decoder does: it reads 4 bytes ahead of what is settled."""
    nothing = np.zeros(0, dtype=np.int32)
    for zeros in range(5):
        assert decode(bytes(zeros), nothing, tables_of(COIN)).shape == (0,)
        assert decode(b"\x80" + bytes(min(zeros, 3)), int32(0), tables_of(COIN)).tolist() == [1]
    with pytest.raises(BitstreamError):
        decode(b"\x80" + bytes(4), int32(0), tables_of(COIN))


def test_zeros_at_the_end_of_a_stream_may_be_left_out():
    tables, index = tables_of([16, 0, 1, 65536]), np.zeros(4, dtype=np.int32)
    assert encode(int32(0, 0, 0, 0), index, tables) == bytes(8)
    for length in range(9):
        assert decode(bytes(length), index, tables).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("length", [0, 1, 4, 1000])
def test_an_endless_gamma_code_raises_bitstream_error_at_once(length):
    """TensorFlow Compression's decoder never returns from this one."""
    start = time.perf_counter()
    with pytest.raises(BitstreamError):
        decode(bytes(length), np.zeros(10, dtype=np.int32), tables_of(ONLY_ESCAPE))
    assert time.perf_counter() - start < 0.5


def test_random_bytes_end_in_values_or_bitstream_error_soon():
    random = np.random.default_rng(3)
    start, ended_well = time.perf_counter(), 0
    for _ in range(1000):
        tables = random_tables(random)
        index = random.integers(0, tables.count, int(random.integers(0, 100))).astype(np.int32)
        try:
            values = decode(random.bytes(int(random.integers(0, 60))), index, tables)
        except BitstreamError:
            continue
        assert values.dtype == np.int32
        assert values.shape == index.shape
        ended_well += 1
    assert 0 < ended_well < 500
    assert time.perf_counter() - start < 30


def test_rows_are_streams_of_their_own():
    random = np.random.default_rng(4)
    tables = tables_of(FIVE, COIN, [-8, 0, 100, 200, 256])
    index = np.tile(int32(0, 2, 2), 5)
    values = random.integers(-3, 5, (7, 15)).astype(np.int32)
    streams = encode_rows(values, index, tables)
    assert streams == [encode(row, index, tables) for row in values]
    np.testing.assert_array_equal(decode_rows(streams, index, tables), values)
    every = np.broadcast_to(index, values.shape)
    assert encode_rows(values, every, tables) == streams
    np.testing.assert_array_equal(decode_rows(streams, every, tables), values)


def test_rows_may_have_their_own_indices():
    tables = tables_of(FIVE, COIN)
    values, index = int32(3, 1, 0, 9).reshape(2, 2), int32(0, 1, 1, 0).reshape(2, 2)
    streams = encode_rows(values, index, tables)
    np.testing.assert_array_equal(decode_rows(streams, index, tables), values)


def test_rows_may_be_empty():
    nothing = np.zeros((3, 0), dtype=np.int32)
    assert encode_rows(nothing, nothing[0], tables_of(FIVE)) == [b"", b"", b""]
    assert decode_rows([b"", b"", b""], nothing[0], tables_of(FIVE)).shape == (3, 0)
    assert decode_rows([], nothing[0], tables_of(FIVE)).shape == (0, 0)


def test_one_damaged_row_raises_bitstream_error():
    tables, index = tables_of(FIVE), np.zeros(5, dtype=np.int32)
    streams = encode_rows(np.ones((3, 5), dtype=np.int32), index, tables)
    streams[1] += b"\xff" * 5
    with pytest.raises(BitstreamError):
        decode_rows(streams, index, tables)


def test_rows_and_indices_that_differ_in_number_raise_value_error():
    with pytest.raises(ValueError):
        decode_rows([b""], np.zeros((2, 3), dtype=np.int32), tables_of(FIVE))
    with pytest.raises(ValueError):
        encode_rows(np.zeros((2, 3)), np.zeros(4, dtype=np.int32), tables_of(FIVE))


def test_the_environment_chooses_the_python_coder_and_tensorflow_is_not_imported():
    code = (
        "import sys; from tfcomp.bitstream import container, range_coder, rows, tables;"
        "print(range_coder.BACKEND, 'tensorflow' in sys.modules)"
    )
    environment = {**os.environ, "TFCOMP_RANGE_CODER": "python"}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["python", "False"]
