"""A file that breaks off is decoded as far as it goes, with whichever kind of entropy model."""

import time

import numpy as np
import pytest

import tfcomp
from tests.bundle_factory import photo
from tfcomp.bitstream.container import parse
from tfcomp.bitstream.rows import pack_rows, stream_ends, unpack_rows
from tfcomp.errors import BitstreamError

MODELS = {"cycle-small": 3, "cycle-factorized": 3, "binary": 8}  # a kind each, and a quality


@pytest.fixture(scope="module", params=MODELS)
def file(request):
    codec = tfcomp.load(request.param)
    picture = photo(200, 330, seed=3)
    return codec, picture, codec.compress(picture, MODELS[request.param])


def error(picture, other):
    return float(np.mean((picture.astype(float) - other) ** 2))


def test_a_section_that_breaks_off_gives_the_streams_that_are_whole():
    streams = [b"abc", b"", b"defgh", b"i", b""]
    data = pack_rows(streams)
    ends = stream_ends(data, 5)
    assert ends[-1] == len(data)
    for length in range(len(data) + 1):
        whole = unpack_rows(data[:length], 5, partial=True)
        known = stream_ends(data[:length], 5)
        assert known is None or known.tolist() == ends.tolist()
        assert whole == (streams[: np.count_nonzero(ends <= length)] if known is not None else [])
    assert unpack_rows(data, 5, partial=True) == streams
    with pytest.raises(BitstreamError):
        unpack_rows(data + b"x", 5, partial=True)


def test_more_bytes_make_a_better_picture(file, caplog):
    codec, picture, data = file
    errors = []
    for share in (0.25, 0.5, 0.75, 1.0):
        part = codec.decompress(data[: int(len(data) * share)], partial=True)
        assert part.shape == picture.shape and part.dtype == np.uint8
        errors.append(error(picture, part))
    assert errors[0] == max(errors) and errors[-1] < 0.85 * errors[0]
    assert caplog.text.count("breaks off") == 3


def test_the_whole_file_is_the_whole_picture_whether_a_part_was_asked_for_or_not(file):
    codec, _, data = file
    whole = codec.decompress(data)
    np.testing.assert_array_equal(codec.decompress(data, partial=True), whole)
    for missing in (1, 2, 3, 4):  # of the checksum
        np.testing.assert_array_equal(codec.decompress(data[:-missing], partial=True), whole)


def test_without_being_asked_for_a_part_is_refused(file):
    codec, _, data = file
    with pytest.raises(BitstreamError):
        codec.decompress(data[:-1])


def test_damage_is_no_break(file):
    codec, _, data = file
    changed = bytearray(data)
    changed[len(data) // 2] ^= 4
    with pytest.raises(BitstreamError):
        codec.decompress(bytes(changed), partial=True)


def test_a_stream_that_no_encoder_writes_counts_as_missing_with_all_after_it(file):
    codec, _, data = file
    image = parse(data, lambda _: codec.bundle)
    size = [-(-side // codec.info["stride"]) for side in (image.height, image.width)]
    streams = _streams(image.sections[-1])
    middle = len(streams) // 2
    assert streams[middle:] != [b""] * len(streams[middle:])

    def decode(own, partial):
        sections = (*image.sections[:-1], own)
        return codec.entropy_coder.decode(sections, image.quality, *size, partial=partial)

    changed = pack_rows([*streams[:middle], streams[middle] + b"\1\2\3", *streams[middle + 1 :]])
    cut = pack_rows(streams)[: -sum(map(len, streams[middle:]))]
    np.testing.assert_array_equal(decode(changed, True), decode(cut, True))
    with pytest.raises(BitstreamError):
        decode(changed, False)


def _streams(section):
    """All streams of a section; their number is the only one that fits."""
    for count in range(1, 1000):
        try:
            return unpack_rows(section, count)
        except BitstreamError:
            continue
    raise AssertionError


def test_any_prefix_is_a_picture_or_an_error_in_little_time(file):
    codec, picture, data = file
    start, pictures = time.process_time(), 0
    for length in [*range(0, 60, 7), *range(60, len(data), len(data) // 12)]:
        try:
            pictures += codec.decompress(data[:length], partial=True).shape == picture.shape
        except BitstreamError:
            assert not pictures  # once there is one, more bytes give one as well
    assert pictures > 5
    assert time.process_time() - start < 30


def test_values_that_are_missing_are_their_means():
    codec = tfcomp.load("cycle-small")
    picture = photo(96, 96)
    image = parse(codec.compress(picture, 3), lambda _: codec.bundle)
    none = codec.entropy_coder.decode((image.sections[0], b""), 3, 6, 6, partial=True)
    assert none.any()  # the hyper-latents tell the means
    with pytest.raises(BitstreamError):
        codec.entropy_coder.decode((image.sections[0][:-1], b""), 3, 6, 6, partial=True)


def test_of_bits_a_lower_quality_is_shown_where_its_bits_are_there():
    codec = tfcomp.load("binary")
    picture = photo(128, 128)
    low, high = (codec.compress(picture, quality) for quality in (4, 8))
    image = parse(high, lambda _: codec.bundle)
    ends = codec.entropy_coder.pass_ends(image.sections[0], 8, 8, 8)
    passes = len(codec.entropy_coder._held[1].passes_of(4))
    missing = int(ends[-1] - ends[passes - 1]) + 4  # and the checksum
    shown = codec.decompress(high[: len(high) - missing], partial=True)
    np.testing.assert_array_equal(shown, codec.decompress(low))
