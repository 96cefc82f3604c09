"""Damaged and hostile files end in CodecError, soon, or in an image of the size they announce."""

import contextlib
import time
import tracemalloc
import zlib

import numpy as np
import pytest

import tfcomp
from tests.bundle_factory import STRIDE, photo
from tests.damage import flipped_bits, truncations
from tfcomp.bitstream.container import Container, pack
from tfcomp.bitstream.rows import pack_rows
from tfcomp.errors import BitstreamError, CodecError, UnknownBundleError


@pytest.fixture(scope="module")
def codec(bundle_folder):
    return tfcomp.load(bundle_folder)


@pytest.fixture(scope="module")
def data(codec):
    return codec.compress(photo(12, 20), quality=1)


def with_right_crc(body: bytes) -> bytes:
    return body + zlib.crc32(body).to_bytes(4, "little")


def test_every_truncation_raises_bitstream_error(codec, data):
    for damaged in truncations(data):
        with pytest.raises(BitstreamError):
            codec.decompress(damaged)


def test_every_flipped_bit_raises_codec_error(codec, data):
    for damaged in flipped_bits(data):
        with pytest.raises(CodecError):
            codec.decompress(damaged)


def test_bytes_after_the_end_raise_bitstream_error(codec, data):
    for tail in (b"\0", b"\xff", data):
        with pytest.raises(BitstreamError):
            codec.decompress(data + tail)


@pytest.mark.parametrize(
    "content", [b"", b"\x89", b"\x89TC", b"hello", b"\x89PNG\r\n\x1a\n" + bytes(50), bytes(1000)]
)
def test_what_is_no_tfcomp_file_raises_bitstream_error(codec, content):
    with pytest.raises(BitstreamError):
        codec.decompress(content)


def test_an_unknown_version_and_an_unknown_model_are_said(codec, installed, data):
    with pytest.raises(BitstreamError, match="version 3"):
        codec.decompress(with_right_crc(data[:3] + b"\x03" + data[4:-4]))
    with pytest.raises(UnknownBundleError, match="00010203"):
        tfcomp.decompress(with_right_crc(data[:4] + bytes(range(4)) + data[8:-4]))


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, 0), (1, 2**32 - 1), (2**31, 2**31)])
def test_absurd_sizes_are_refused_at_once(codec, data, width, height):
    def varint(value):
        groups = []
        while value > 127:
            groups.append(value & 127 | 128)
            value >>= 7
        return bytes([*groups, value])

    start = time.perf_counter()
    with pytest.raises(BitstreamError, match="pixels"):
        codec.decompress(with_right_crc(data[:9] + varint(width) + varint(height) + b"\0"))
    assert time.perf_counter() - start < 0.2


def test_a_section_too_small_for_its_rows_is_refused_before_anything_is_allocated(codec):
    fingerprint = codec.bundle.manifest.short_fingerprint
    start = time.perf_counter()
    for section in (b"", b"\0", b"\x01\x00", b"\x00\x20", b"\xff\xff\xff\xff\x0f\x00"):
        with pytest.raises(BitstreamError):
            codec.decompress(pack(Container(fingerprint, 1, 9000, 9000, (section,))))
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(("width", "height"), [(10**6, 1), (1, 10**6)])
def test_a_tiny_file_cannot_ask_for_a_padding_that_multiplies_the_limit(codec, width, height):
    fingerprint = codec.bundle.manifest.short_fingerprint
    rows = pack_rows([b""] * -(-height // STRIDE))
    file = pack(Container(fingerprint, 1, width, height, (rows,)))
    tracemalloc.start()
    with pytest.raises(BitstreamError, match="too long and narrow"):
        codec.decompress(file, max_pixels=2**20)
    assert tracemalloc.get_traced_memory()[1] < 2**20 + 2 * len(file)
    tracemalloc.stop()


def test_hostile_bodies_with_a_right_crc_end_in_an_error_or_an_image_of_the_size_they_say(codec):
    random = np.random.default_rng(1)
    template = codec.compress(photo(12, 20), quality=2)[:-4]
    images = errors = 0
    start = time.perf_counter()
    for _ in range(400):
        body = bytearray(template)
        for position in random.integers(8, len(body), random.integers(1, 5)):
            body[position] = random.integers(256)
        if random.random() < 0.3:
            del body[random.integers(9, len(body)) :]
        try:
            decoded = codec.decompress(with_right_crc(bytes(body)), max_pixels=10**6)
        except CodecError:
            errors += 1
        else:
            images += 1
            assert decoded.dtype == np.uint8
            if body[9:11] == template[9:11]:
                assert decoded.shape == (12, 20, 3)
    assert images
    assert errors
    assert time.perf_counter() - start < 20


def test_random_row_streams_end_in_an_error_or_an_image(codec):
    random = np.random.default_rng(2)
    fingerprint = codec.bundle.manifest.short_fingerprint
    for length in (0, 1, 3, 40, 4000):
        for fill in (b"\0", b"\xff", None):
            rows = [fill * length if fill else random.bytes(length) for _ in range(4)]
            file = pack(Container(fingerprint, 2, 16, 16, (pack_rows(rows),)))
            with contextlib.suppress(BitstreamError):
                assert codec.decompress(file).shape == (16, 16, 3)
