"""The container in stock ops against tfcomp.bitstream's."""

import dataclasses
import zlib
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from tests.damage import flipped_bits, truncations
from tfcomp.bitstream import container
from tfcomp.bitstream.rows import pack_rows, unpack_rows
from tfcomp.bitstream.varint import encode_varint
from tfcomp.errors import CodecError, UnknownBundleError
from tfcomp.export import graph_container, graph_picture_file

FINGERPRINT = b"\x01\x80\xff\x00"
QUALITIES, STRIDE, MAX_PIXELS = 3, 16, 1_000_000
FORMAT = graph_container.Format(FINGERPRINT, QUALITIES, STRIDE, MAX_PIXELS)
FIXED_FORMAT = graph_container.Format(FINGERPRINT, QUALITIES, STRIDE, MAX_PIXELS, (20, 33))

RAGGED = tf.RaggedTensorSpec([None, None], tf.uint8, ragged_rank=1, row_splits_dtype=tf.int64)


@tf.function(input_signature=[tf.TensorSpec([3], tf.int64), RAGGED], autograph=False)
def graph_pack(fields, streams):
    return graph_container.pack(fields[0], fields[1], fields[2], [streams], FORMAT)


class Read(NamedTuple):
    """What a file of one image holds."""

    error: tf.Tensor
    quality: tf.Tensor
    width: tf.Tensor
    height: tf.Tensor
    sections: tuple[tf.RaggedTensor, ...]


def read_with(file_format, data):
    """A file's fields and streams, none where something is wrong."""
    picture = graph_picture_file.parse(data, file_format)

    def streams():
        return graph_picture_file.streams_of(picture, tf.constant(0), file_format)

    def nothing():
        count = len(file_format.stream_counts(tf.constant(1, tf.int64), tf.constant(1, tf.int64)))
        empty = tf.RaggedTensor.from_row_lengths(
            tf.zeros([0], tf.uint8), tf.zeros([0], tf.int64), validate=False
        )
        return (empty,) * count, picture.error

    sections, error = tf.cond(picture.error == "", streams, nothing)
    quality = 1 + tf.reduce_sum(picture.qualities[:1]) // 32
    return Read(error, quality, picture.width, picture.height, sections)


@tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
def graph_parse(data):
    return read_with(FORMAT, data)


def packed(quality, width, height, streams):
    flat = np.frombuffer(b"".join(streams), np.uint8)
    ragged = tf.RaggedTensor.from_row_lengths(flat, [len(stream) for stream in streams])
    return graph_pack([quality, width, height], ragged).numpy()


def parsed(data, parse=graph_parse):
    """(error, quality, width, height, streams)."""
    result = parse(data)
    (streams,) = ([row.tobytes() for row in section.numpy()] for section in result.sections)
    fields = (int(field) for field in (result.quality, result.width, result.height))
    return (result.error.numpy().decode(), *fields, streams)


def reference_pack(quality, width, height, streams, fixed_size=None):
    sections = (pack_rows(streams),)
    return container.pack(
        container.Container(FINGERPRINT, quality, width, height, sections), fixed_size
    )


def reference_parse(data):
    """(quality, width, height, streams); CodecError."""

    def lookup(fingerprint):
        if fingerprint != FINGERPRINT:
            raise UnknownBundleError("no such bundle")
        return SimpleNamespace(fixed_size=None, section_count=1, qualities=QUALITIES)

    result = container.parse(data, lookup, MAX_PIXELS)
    streams = unpack_rows(result.sections[0], -(-result.height // STRIDE))
    return result.quality, result.width, result.height, streams


def random_streams(rng, rows, longest):
    return [
        rng.integers(0, 256, rng.integers(longest + 1), np.uint8).tobytes() for _ in range(rows)
    ]


def with_crc(body):
    return body + zlib.crc32(body).to_bytes(4, "little")


def small_file():
    return reference_pack(2, 40, 33, [b"abc", b"", b"\0\xff"])


@pytest.mark.parametrize("longest", [0, 1, 3, 127, 128, 300, 20_000])
@pytest.mark.parametrize("width, height", [(1, 1), (127, 16), (128, 17), (16_384, 61)])
def test_files_are_written_and_read_as_the_bitstream_package_does(longest, width, height):
    rng = np.random.default_rng(longest + width)
    streams = random_streams(rng, -(-height // STRIDE), longest)
    data = reference_pack(3, width, height, streams)
    assert packed(3, width, height, streams) == data
    assert parsed(data) == ("", 3, width, height, streams)


def test_every_truncation_and_every_flipped_bit_is_an_error_without_streams():
    data = small_file()
    damaged = [*truncations(data), *flipped_bits(data)]
    for file in damaged:
        error, _, _, _, streams = parsed(file)
        assert error and "\n" not in error
        assert streams == []


def test_files_with_a_right_crc_get_the_verdict_of_the_bitstream_package():
    rng = np.random.default_rng(0)
    accepted = 0
    for _ in range(400):
        data = bytearray(small_file()[:-4])
        for _ in range(rng.integers(1, 3)):
            # Mostly in the fields after the fingerprint.
            at = rng.integers(8, len(data)) if rng.random() < 0.9 else rng.integers(len(data))
            data[at] = rng.choice([0, 1, 2, 3, 16, 33, 0x7F, 0x80, 0xFF, rng.integers(256)])
        if rng.random() < 0.3:
            at = rng.integers(9, len(data) + 1)
            data[at:at] = bytes(rng.choice([0, 0x80, 0xFF], rng.integers(1, 6)).tolist())
        if rng.random() < 0.2:
            del data[rng.integers(9, len(data)) :]
        data = with_crc(bytes(data))
        error, *rest = parsed(data)
        try:
            expected = reference_parse(data)
        except CodecError:
            assert error, data
            assert rest[-1] == []
        else:
            assert not error, (data, error)
            assert tuple(rest) == expected
            accepted += 1
    assert 0 < accepted < 400


@pytest.mark.parametrize(
    "data, words",
    [
        (b"", "empty"),
        (b"GIF89a and so on", "not a .tfcomp file"),
        (b"\x89TC\x02" + bytes(20), "no box begins"),
        (b"\x89TC\x03" + bytes(20), "version 3"),
        (b"\x89TC\x01" + bytes(8), "too short"),
        (small_file()[:-1] + b"?", "CRC"),
        (with_crc(b"\x89TC\x01none\x01\x01\x01\x02\x00\x00"), "another model"),
    ],
)
def test_an_error_says_what_is_wrong(data, words):
    assert words in parsed(data)[0]


@pytest.mark.parametrize(
    "tail, words",
    [
        (b"\x00\x01\x01\x02\x00\x00", "quality 0"),
        (b"\x04\x01\x01\x02\x00\x00", "1 to 3"),
        (b"\x01\x00\x01\x02\x00\x00", "0x1 pixels"),
        (b"\x01" + encode_varint(2**32 - 1) * 2 + b"\x02\x00\x00", "4294967295x4294967295"),
        (b"\x01" + encode_varint(1001) + encode_varint(1000) + b"\x02\x00\x00", "limit of 1000000"),
        (b"\x01\x81\x00\x01\x02\x00\x00", "over-long"),
        (b"\x01\xff\xff\xff\xff\xff\x01\x01\x02\x00\x00", "exceeds 32 bits"),
        (b"\x01\x01\x01\x03\x00\x00", "runs past the end"),
        (b"\x01\x01\x01\x01\x00\x00", "left after"),
        (b"\x01\x01\x01\x00", "ends inside a length field"),
        (b"\x01\x01\x01\x01\x00", "ends in its row lengths"),
        (b"\x01\x01\x01\x02\x00\x21", "row lengths exceed"),
        (b"\x01\x01\x01\x02\x01\x00", "rows run past"),
        (b"\x01\x01\x01\x03\x00\x00x", "rows do not fill"),
        (b"\x01\x01\x01\x03\x00\x01\x02", "not padded with zeros"),
    ],
)
def test_an_error_behind_a_right_crc_says_what_is_wrong(tail, words):
    error, _, _, _, streams = parsed(with_crc(b"\x89TC\x01" + FINGERPRINT + tail))
    assert words in error
    assert streams == []


def test_a_header_that_promises_huge_rows_allocates_nothing():
    rows = with_crc(
        b"\x89TC\x01" + FINGERPRINT + b"\x01\x01" + encode_varint(1_000_000) + b"\x06"
        b"\xff\xff\xff\xff\x0f\x20"
    )
    assert "rows run past" in parsed(rows)[0]


def test_a_bundle_of_fixed_size_leaves_the_size_out():
    streams = [b"one", b"", b"three"]
    ragged = tf.ragged.constant([list(stream) for stream in streams], tf.uint8, ragged_rank=1)
    ragged = ragged.with_row_splits_dtype(tf.int64)
    fields = (tf.constant(field) for field in (1, 20, 33))
    data = graph_container.pack(*fields, [ragged], FIXED_FORMAT).numpy()
    assert data == reference_pack(1, 20, 33, streams, fixed_size=(20, 33))

    def parse(data):
        return read_with(FIXED_FORMAT, tf.constant(data))

    assert parsed(data, parse) == ("", 1, 20, 33, streams)
    smaller = dataclasses.replace(FIXED_FORMAT, max_pixels=20 * 33 - 1)
    error = read_with(smaller, tf.constant(data)).error.numpy()
    assert error == b"the file says 20x33 pixels, more than the limit of 659 of this model"


def two_sections(quality, rows):
    """A section of 2 streams a quality, then one of 3 streams a row."""
    return 2 * quality, 3 * rows


TWO_FORMAT = graph_container.Format(
    FINGERPRINT, QUALITIES, STRIDE, MAX_PIXELS, stream_counts=two_sections
)


@tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
def parse_two(data):
    return read_with(TWO_FORMAT, data)


def two_section_file(quality, sections):
    packed_sections = tuple(pack_rows(streams) for streams in sections)
    return container.pack(container.Container(FINGERPRINT, quality, 50, 33, packed_sections))


def test_several_sections_are_written_and_read_as_the_bitstream_package_does():
    rng = np.random.default_rng(1)
    sections = [random_streams(rng, 4, 5), random_streams(rng, 9, 300)]
    data = two_section_file(2, sections)
    result = parse_two(data)
    assert result.error == ""
    assert [[row.tobytes() for row in s.numpy()] for s in result.sections] == sections
    fields = tf.constant([2, 50, 33])
    written = graph_container.pack(*tf.unstack(fields), result.sections, TWO_FORMAT)
    assert written.numpy() == data


def test_several_sections_behind_a_right_crc_get_the_verdict_of_the_bitstream_package():
    rng = np.random.default_rng(2)
    data = two_section_file(1, [[b"ab", b""], [b"", b"cd", b"e", b"", b"", b"", b"", b"f", b""]])

    def lookup(fingerprint):
        if fingerprint != FINGERPRINT:
            raise UnknownBundleError("no such bundle")
        return SimpleNamespace(fixed_size=None, section_count=2, qualities=QUALITIES)

    accepted = 0
    for _ in range(300):
        body = bytearray(data[:-4])
        body[rng.integers(8, len(body))] = rng.choice([0, 1, 2, 3, 6, 0x7F, 0x80, 0xFF])
        if rng.random() < 0.2:
            del body[rng.integers(9, len(body)) :]
        file = with_crc(bytes(body))
        result = parse_two(file)
        try:
            expected = container.parse(file, lookup, MAX_PIXELS)
            counts = two_sections(expected.quality, -(-expected.height // STRIDE))
            sections = [unpack_rows(s, count) for s, count in zip(expected.sections, counts)]
        except CodecError:
            assert result.error != "", file
        else:
            assert result.error == "", file
            assert [[row.tobytes() for row in s.numpy()] for s in result.sections] == sections
            accepted += 1
    assert 0 < accepted < 300
