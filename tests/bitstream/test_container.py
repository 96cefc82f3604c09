from __future__ import annotations

import tracemalloc
import zlib
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.damage import flipped_bits, truncations
from tfcomp.bitstream.container import MAX_PIXELS, Container, describe, pack, parse
from tfcomp.bitstream.varint import encode_varint
from tfcomp.errors import BitstreamError, CodecError, ImageError, UnknownBundleError

SMALL = Container(b"\x01\x02\x03\x04", 4, 768, 512, (b"hyper", b"latents" * 3))


def lookup_of(section_count=2, qualities=6, fixed_size=None, fingerprint=SMALL.fingerprint):
    """A `lookup` that knows one bundle."""

    def lookup(asked):
        if asked != fingerprint:
            raise UnknownBundleError("no such bundle; install it")
        return SimpleNamespace(
            section_count=section_count, qualities=qualities, fixed_size=fixed_size
        )

    return lookup


def sealed(content: bytes) -> bytes:
    """`content` with a CRC that holds, so that later checks are reached."""
    return content + zlib.crc32(content).to_bytes(4, "little")


def header(version=1, fingerprint=SMALL.fingerprint, quality=4) -> bytes:
    return b"\x89TC" + bytes([version]) + fingerprint + bytes([quality])


def test_a_small_file_has_exactly_these_bytes():
    container = Container(b"\xaa\xbb\xcc\xdd", 3, 300, 2, (b"xyz", b""))
    data = pack(container)
    assert data.hex() == "89544301aabbccdd03ac02020378797a005dcbbc1c"
    assert parse(data, lookup_of(fingerprint=container.fingerprint)) == container


def test_a_768x512_photo_has_20_bytes_of_overhead_at_most():
    photo = Container(b"\x01\x02\x03\x04", 4, 768, 512, (bytes(30_000),))
    assert len(pack(photo)) - 30_000 == 20


@settings(database=None, deadline=None, derandomize=True)
@given(
    fingerprint=st.binary(min_size=4, max_size=4),
    quality=st.integers(1, 255),
    width=st.integers(1, 9000),
    height=st.integers(1, 9000),
    sections=st.lists(st.binary(max_size=300), max_size=4),
    fixed=st.booleans(),
)
def test_what_is_packed_is_parsed_back(fingerprint, quality, width, height, sections, fixed):
    container = Container(fingerprint, quality, width, height, tuple(sections))
    fixed_size = (width, height) if fixed else None
    lookup = lookup_of(len(sections), 255, fixed_size, fingerprint)
    assert parse(pack(container, fixed_size), lookup) == container


@pytest.mark.parametrize("damages", [truncations, flipped_bits])
@pytest.mark.parametrize("fixed_size", [None, (768, 512)])
def test_every_truncation_and_every_flipped_bit_raises_codec_error(fixed_size, damages):
    data = pack(SMALL, fixed_size)
    for damaged in damages(data):
        with pytest.raises(CodecError):
            parse(damaged, lookup_of(fixed_size=fixed_size))
        with pytest.raises(CodecError):
            describe(damaged)


def test_added_bytes_raise_bitstream_error():
    with pytest.raises(BitstreamError):
        parse(pack(SMALL) + b"\x00", lookup_of())


def test_checks_run_in_the_order_of_the_format():
    unknown = b"\xff\xff\xff\xff"
    too_big = encode_varint(60_000) + encode_varint(60_000)
    size = encode_varint(8) + encode_varint(8)
    # Each file also has every fault of the files after it.
    files = [
        ("not a .tfcomp", b"\x88TC" + header(2, unknown)[3:] + too_big),
        ("version 2", header(2, unknown)[:6]),
        ("too short", header(1, unknown)[:8]),
        ("CRC", header(1, unknown) + too_big + bytes(4)),
        ("no such bundle", sealed(header(1, unknown, 7) + too_big)),
        ("quality 7", sealed(header(quality=7) + too_big)),
        ("60000x60000", sealed(header() + too_big)),
        ("past the end", sealed(header() + size + b"\x05abc")),
        ("left after", sealed(header() + size + b"\x00\x01ab")),
    ]
    for message, data in files:
        with pytest.raises(CodecError, match=message):
            parse(data, lookup_of())


def test_bundle_is_not_looked_up_for_a_damaged_file():
    def lookup(fingerprint):
        raise AssertionError("looked up")

    with pytest.raises(BitstreamError, match="CRC"):
        parse(pack(SMALL)[:-1] + b"\x00", lookup)


@pytest.mark.parametrize(
    "content",
    [
        header() + encode_varint(2**32 - 1) * 2 + b"\x00\x00",
        header() + encode_varint(MAX_PIXELS + 1) + b"\x01\x00\x00",
        header() + b"\x00\x08\x00\x00",
        header() + b"\x08\x00\x00\x00",
        header() + b"\x08\x08" + encode_varint(2**32 - 1) + b"ab",
        header() + b"\x08\x08\x00" + encode_varint(2**32 - 1),
        header() + b"\x88\x00\x08\x00\x00",  # an over-long 8
        header() + b"\x08\x08\x00",  # one section of two
        header() + b"\x08",
        header(),
        header(quality=0) + b"\x08\x08\x00\x00",
    ],
)
def test_absurd_fields_are_refused_before_anything_is_allocated(content):
    data = sealed(content)
    tracemalloc.start()
    try:
        with pytest.raises(BitstreamError):
            parse(data, lookup_of())
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_the_pixel_limit_can_be_set_and_holds_for_fixed_sizes_too():
    assert parse(pack(SMALL), lookup_of(), max_pixels=768 * 512).width == 768
    with pytest.raises(BitstreamError, match="limit"):
        parse(pack(SMALL), lookup_of(), max_pixels=768 * 512 - 1)
    with pytest.raises(BitstreamError, match="limit"):
        fixed = (768, 512)
        parse(pack(SMALL, fixed), lookup_of(fixed_size=fixed), max_pixels=768 * 512 - 1)


@settings(database=None, deadline=None, derandomize=True)
@given(st.binary(max_size=40))
def test_any_sealed_body_parses_or_raises_codec_error(body):
    data = sealed(header() + body)
    try:
        container = parse(data, lookup_of())
    except CodecError:
        return
    assert pack(container) == data


@pytest.mark.parametrize("data", [b"", b"\x89", b"hello, this is a text file", bytes(1000)])
def test_files_of_another_kind_are_named_as_such(data):
    with pytest.raises(BitstreamError, match="empty|not a .tfcomp"):
        parse(data, lookup_of())


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"fingerprint": b"abc"}, ValueError),
        ({"quality": 0}, ValueError),
        ({"quality": 256}, ValueError),
        ({"width": 0}, ImageError),
        ({"width": MAX_PIXELS}, ImageError),
    ],
)
def test_fields_out_of_range_cannot_be_packed(changed, error):
    with pytest.raises(error):
        pack(Container(**{**SMALL.__dict__, **changed}))


def test_a_size_other_than_the_fixed_one_cannot_be_packed():
    with pytest.raises(ValueError, match="size"):
        pack(SMALL, fixed_size=(512, 768))


def test_describe_needs_no_bundle():
    data = pack(SMALL)
    assert describe(data) == {
        "format_version": 1,
        "fingerprint": "01020304",
        "quality": 4,
        "width": 768,
        "height": 512,
        "section_bytes": [5, 21],
        "file_bytes": len(data),
        "bits_per_pixel": 8 * len(data) / (768 * 512),
    }


def test_describe_leaves_out_what_only_the_bundle_knows():
    fixed = describe(pack(SMALL, fixed_size=(768, 512)))
    assert (fixed["width"], fixed["section_bytes"]) == (None, [5, 21])
    # Read with a size: 1x1 and one section of 1 byte. Read without: sections of 1, 1 and 0 bytes.
    ambiguous = sealed(header() + b"\x01\x01\x01\x00")
    assert describe(ambiguous)["width"] is None
    assert describe(ambiguous)["section_bytes"] is None
    assert describe(ambiguous, lookup_of(section_count=1))["section_bytes"] == [1]
