"""Better and better pictures of a file whose bytes arrive little by little."""

import time

import numpy as np
import pytest

import tfcomp
from tests.bundle_factory import photo
from tfcomp.errors import BitstreamError, UnknownBundleError

PICTURE = photo(200, 330, seed=3)


def chunks(data, size):
    return (data[start : start + size] for start in range(0, len(data), size))


@pytest.fixture(scope="module", params=["cycle-small", "cycle-factorized", "binary"])
def data(request):
    return tfcomp.load(request.param).compress(PICTURE, 3)


def test_a_picture_comes_with_each_pass_and_the_last_is_the_whole_one(data):
    seen = list(tfcomp.progressive(chunks(data, 10)))
    assert [preview.whole for preview in seen] == [False] * (len(seen) - 1) + [True]
    assert [preview.done for preview in seen[:-1]] == sorted({p.done for p in seen[:-1]})
    assert seen[-1].done == seen[-1].of
    np.testing.assert_array_equal(seen[-1].pixels, tfcomp.decompress(data))
    errors = [np.mean((preview.pixels.astype(float) - PICTURE) ** 2) for preview in seen]
    assert errors[-1] <= errors[0]


def test_a_hyperpriors_pictures_get_better_with_every_pass():
    data = tfcomp.load("cycle-small").compress(PICTURE, 8)
    seen = list(tfcomp.progressive(chunks(data, 100)))
    assert len(seen) >= 5
    errors = [np.mean((preview.pixels.astype(float) - PICTURE) ** 2) for preview in seen]
    assert errors == sorted(errors, reverse=True)


def test_all_at_once_is_one_picture(data):
    (only,) = tfcomp.progressive([data])
    assert only.whole
    np.testing.assert_array_equal(only.pixels, tfcomp.decompress(data))


def test_a_file_that_breaks_off_ends_with_what_there_is(data):
    *_, last = tfcomp.progressive(chunks(data[: 2 * len(data) // 3], 50))
    assert not last.whole
    expected = tfcomp.decompress(data[: 2 * len(data) // 3], partial=True)
    np.testing.assert_array_equal(last.pixels, expected)


def test_tiles_come_one_after_another():
    codec = tfcomp.load("cycle-small")
    data = codec.compress(PICTURE, 5, tiles=64)
    seen = list(tfcomp.progressive(chunks(data, 40)))
    assert len(seen) > 3 and seen[-1].whole
    np.testing.assert_array_equal(seen[-1].pixels, codec.decompress(data))


def test_damage_is_an_error_at_the_end(data):
    changed = bytearray(data)
    changed[-6] ^= 1
    with pytest.raises(BitstreamError):
        list(tfcomp.progressive(chunks(bytes(changed), 100)))


@pytest.mark.parametrize("content", [b"", b"\x89TC", b"GIF89a" * 9])
def test_what_is_no_file_is_an_error(content):
    with pytest.raises(BitstreamError):
        list(tfcomp.progressive(chunks(content, 5)))


def test_another_models_file_is_refused_as_soon_as_it_is_known(data):
    other = data[:4] + b"abcd" + data[8:]
    taken = []
    with pytest.raises(UnknownBundleError):
        list(tfcomp.progressive(taken.append(part) or part for part in chunks(other, 5)))
    assert len(taken) < 6


def test_single_bytes_take_little_more_time(data):
    start = time.process_time()
    list(tfcomp.progressive(chunks(data, 1)))
    few = time.process_time() - start
    assert few < 10
