import time

import pytest

from tests.spec import picture_vectors
from tests.spec.picture_lines import answer, bundle_of, known_bundle, picture_of
from tests.spec.refusals import kind_of
from tests.spec.vector_file import checks_of
from tfcomp.bitstream.container import Container
from tfcomp.bitstream.picture_file import Frame, PictureFile
from tfcomp.bitstream.picture_reader import read_file
from tfcomp.bitstream.picture_writer import write_file
from tfcomp.errors import BitstreamError

FILES = [check for check in checks_of("pictures") if check.what == "both"]


@pytest.mark.parametrize("name", ["many-boxes", "metadata-large"])
def test_what_is_too_much_is_refused_in_little_time(name):
    data = picture_vectors.large_odd_files()[name]
    start = time.process_time()
    with pytest.raises(BitstreamError) as caught:
        picture_vectors.read(data, known_bundle())
    assert kind_of(str(caught.value)) == name
    assert time.process_time() - start < 3


@pytest.mark.parametrize("check", FILES, ids=lambda check: check.where)
def test_a_flipped_bit_or_a_missing_end_is_refused(check):
    data = check.bytes()
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1 << position % 8
        with pytest.raises(ValueError):
            picture_vectors.read(bytes(changed), bundle_of(check))
    for length in range(len(data)):
        with pytest.raises(BitstreamError):
            picture_vectors.read(data[:length], bundle_of(check))


@pytest.mark.parametrize("check", FILES, ids=lambda check: check.where)
def test_a_part_of_a_file_is_a_part_of_what_it_holds(check):
    data, bundle = check.bytes(), bundle_of(check)
    whole = picture_of(check)
    read_once = 0
    for length in range(len(data) + 1):
        try:
            part = read_file(data[:length], lambda _: bundle, partial=True)
        except BitstreamError:
            assert not read_once  # once there is something to show, more bytes show more
            continue
        read_once += 1
        assert part.whole == (length == len(data))
        assert len(part.frames) <= len(whole.frames)
        for ours, theirs in zip(part.frames[:-1], whole.frames):
            assert ours == theirs
        for ours, theirs in zip(part.frames[-1].images, whole.frames[len(part.frames) - 1].images):
            assert theirs.sections[0].startswith(ours.sections[0])
            assert theirs.sections[-1].startswith(ours.sections[-1])
    assert read_once
    assert answer(read_file(data, lambda _: bundle, partial=True)) == answer(whole)


def test_a_plain_picture_is_written_in_version_1_and_costs_4_bytes_more_in_version_2():
    image = Container(b"abcd", 4, 30, 20, (b"123", b"4" * 90))
    plain = write_file(PictureFile((Frame((image,), 30, 20),)))
    grey = write_file(PictureFile((Frame((image,), 30, 20, grey=True),)))
    assert plain[3] == 1 and grey[3] == 2
    assert len(grey) - len(plain) <= 4
    assert read_file(plain, lambda _: known_bundle()).frames[0].images == (image,)


def test_a_version_1_file_that_breaks_off_has_the_streams_that_there_are():
    image = Container(b"abcd", 4, 30, 20, (b"123", b"4" * 90))
    data = write_file(PictureFile((Frame((image,), 30, 20),)))
    part = read_file(data[:60], lambda _: known_bundle(), partial=True)
    assert not part.whole
    assert part.frames[0].images[0].sections[0] == b"123"
    assert 0 < len(part.frames[0].images[0].sections[1]) < 90
    with pytest.raises(BitstreamError):
        read_file(data[:12], lambda _: known_bundle(), partial=True)
