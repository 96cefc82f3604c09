from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfcomp.bitstream.varint import MAX_VALUE, decode_varint, encode_varint
from tfcomp.errors import BitstreamError

SPELLED_OUT = [
    (0, "00"),
    (1, "01"),
    (127, "7f"),
    (128, "8001"),
    (768, "8006"),
    (16383, "ff7f"),
    (16384, "808001"),
    (2**32 - 1, "ffffffff0f"),
]


@pytest.mark.parametrize(("value", "encoded"), SPELLED_OUT)
def test_values_have_the_bytes_of_leb128(value, encoded):
    assert encode_varint(value).hex() == encoded
    assert decode_varint(bytes.fromhex(encoded)) == (value, len(encoded) // 2)


@settings(database=None, deadline=None, derandomize=True)
@given(st.integers(0, MAX_VALUE), st.binary(max_size=5), st.binary(max_size=5))
def test_a_varint_is_read_back_from_the_middle_of_other_bytes(value, before, after):
    encoded = encode_varint(value)
    data = before + encoded + after
    assert decode_varint(data, len(before)) == (value, len(before) + len(encoded))


@settings(database=None, deadline=None, derandomize=True)
@given(st.binary(max_size=6))
def test_every_varint_that_is_accepted_is_in_its_only_form(data):
    try:
        value, position = decode_varint(data)
    except BitstreamError:
        return
    assert data[:position] == encode_varint(value)


@pytest.mark.parametrize(
    "encoded", ["", "80", "ffffffff", "8000", "808000", "ffffffff10", "ffffffffff01", "8080808000"]
)
def test_cut_short_over_long_and_too_large_forms_are_refused(encoded):
    with pytest.raises(BitstreamError):
        decode_varint(bytes.fromhex(encoded))


@pytest.mark.parametrize("value", [-1, 2**32])
def test_only_32_bit_values_can_be_written(value):
    with pytest.raises(ValueError):
        encode_varint(value)
