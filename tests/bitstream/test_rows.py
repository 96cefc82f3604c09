from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfcomp.bitstream.rows import pack_rows, unpack_rows
from tfcomp.bitstream.varint import encode_varint
from tfcomp.errors import BitstreamError


@settings(database=None, deadline=None, derandomize=True)
@given(st.lists(st.binary(max_size=70), min_size=1, max_size=40))
def test_streams_come_back_as_they_were(streams):
    assert unpack_rows(pack_rows(streams), len(streams)) == streams


@pytest.mark.parametrize(
    ("streams", "packed"),
    [
        ([b""], "0000"),
        ([b"ab"], "02006162"),
        ([b"a", b"b", b"c"], "0100616263"),
        ([b"", b"abc", b"", b"a"], "00024c61626361"),  # deltas 0, 3, 0, 1: 0b01_00_11_00
        ([b"x" * 5, b"x"], "010304" + "78" * 6),
        ([b"x" * 300, b"x" * 301], "ac020102" + "78" * 601),
    ],
)
def test_sections_have_exactly_these_bytes(streams, packed):
    assert pack_rows(streams).hex() == packed
    assert unpack_rows(bytes.fromhex(packed), len(streams)) == streams


def test_one_row_costs_a_length_and_a_byte():
    assert len(pack_rows([bytes(100)])) == 102


def test_lengths_that_need_17_bits_are_packed():
    streams = [b"", bytes(70_000), b"q"]
    assert unpack_rows(pack_rows(streams), 3) == streams


def test_wider_deltas_than_needed_are_read():
    assert unpack_rows(bytes.fromhex("00200100000002000000616263"), 2) == [b"a", b"bc"]


def test_every_truncation_and_every_added_byte_raises_bitstream_error():
    streams = [b"abc", b"", b"defgh", b"i"]
    data = pack_rows(streams)
    for length in range(len(data)):
        with pytest.raises(BitstreamError):
            unpack_rows(data[:length], len(streams))
    with pytest.raises(BitstreamError):
        unpack_rows(data + b"\x00", len(streams))


def test_another_number_of_rows_raises_bitstream_error():
    data = pack_rows([b"abc", b"", b"defgh", b"i"])
    for rows in (1, 2, 3, 6, 1000):
        with pytest.raises(BitstreamError):
            unpack_rows(data, rows)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\x00\x21" + bytes(100),  # 33 bits
        b"\x00\xff" + bytes(100),
        encode_varint(2**32 - 1) + b"\x00abc",
        b"\x00\x20" + b"\xff" * 12,
        b"\x00\x01\x0f" + b"abc",  # three rows' deltas and a set bit after them
        b"\x80\x00\x00",  # an over-long varint
    ],
)
def test_hostile_sections_are_refused_before_anything_is_allocated(data):
    tracemalloc.start()
    try:
        with pytest.raises(BitstreamError):
            unpack_rows(data, 3)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_deltas_of_more_than_32_bits_are_refused_though_they_fill_the_section():
    assert unpack_rows(b"\x00\x20" + bytes(32), 8) == [b""] * 8
    with pytest.raises(BitstreamError):
        unpack_rows(b"\x00\x21" + bytes(33), 8)


def test_many_rows_in_a_short_section_are_refused_before_anything_is_allocated():
    tracemalloc.start()
    try:
        for data in (b"\x01\x00abc", b"\x00\x01abc", b"\x00\x20abc"):
            with pytest.raises(BitstreamError):
                unpack_rows(data, 5_000_000)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


@settings(database=None, deadline=None, derandomize=True, max_examples=300)
@given(st.binary(max_size=30), st.integers(1, 12))
def test_any_bytes_unpack_to_streams_that_fill_them_or_raise_bitstream_error(data, rows):
    try:
        streams = unpack_rows(data, rows)
    except BitstreamError:
        return
    assert len(streams) == rows
    assert data.endswith(b"".join(streams))


def test_a_section_has_at_least_one_row():
    with pytest.raises(ValueError):
        pack_rows([])
    with pytest.raises(ValueError):
        unpack_rows(b"\x00\x00", 0)
