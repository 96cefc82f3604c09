"""A limit of bytes is met by what was measured: sizes need not grow with quality."""

import numpy as np
import pytest
from skimage import data as photographs

import tfcomp
from tests.bundle_factory import photo
from tfcomp.errors import ImageError
from tfcomp.images.difference import squared_error


def _flat(side, *colour):
    return np.broadcast_to(np.array(colour, np.uint8), (side, side, 3))


@pytest.fixture(scope="module")
def cycle():
    return tfcomp.load("cycle", num_threads=1)


@pytest.fixture(scope="module")
def small():
    return tfcomp.load("cycle-small", num_threads=1)


def _plain_files(codec, picture):
    return {q: codec.plain_file(picture, q) for q in range(1, codec.qualities + 1)}


def _error(codec, picture, data):
    return squared_error(picture, codec.decompress(data))


@pytest.mark.parametrize("feedback", [0, 1])
def test_the_nearest_file_that_fits_is_taken_wherever_it_is(cycle, small, feedback):
    for codec, picture in ((small, _flat(48, 255, 0, 0)), (cycle, _flat(32, 0, 255, 0))):
        files = _plain_files(codec, picture)
        sizes = sorted({len(data) for data in files.values()})
        for limit in (sizes[0], sizes[len(sizes) // 2], sizes[-1]):
            fitting = [data for data in files.values() if len(data) <= limit]
            least = min(_error(codec, picture, data) for data in fitting)
            data = codec.compress(picture, max_bytes=limit, feedback=feedback)
            assert len(data) <= limit
            assert _error(codec, picture, data) <= least


def test_a_limit_that_only_a_higher_quality_meets_is_met(cycle):
    picture = _flat(16, 0, 255, 0)
    sizes = {q: len(data) for q, data in _plain_files(cycle, picture).items()}
    least = min(sizes.values())
    assert least < sizes[1]
    assert len(cycle.compress(picture, max_bytes=least)) == least
    with pytest.raises(ImageError, match=f"takes {least} bytes at the least, more than the 20"):
        cycle.compress(picture, max_bytes=20)


@pytest.mark.parametrize("share", [0.3, 1.0, 1.5, 50.0])
def test_of_a_photograph_the_highest_quality_that_fits_is_taken(small, share):
    picture = np.ascontiguousarray(photographs.astronaut()[:, :])  # not a small one
    picture = np.concatenate([picture, picture[:, ::-1]], axis=1)
    middle = len(small.compress(picture, 5))
    data = small.compress(picture, max_bytes=int(share * middle))
    files = _plain_files(small, picture)
    assert data == files[max(q for q in files if len(files[q]) <= share * middle)]


def test_a_model_without_measured_rates_finds_the_best_too(bundle_folder):
    codec, picture = tfcomp.load(bundle_folder), photo(40, 60)
    files = _plain_files(codec, picture)
    sizes = sorted(len(data) for data in files.values())
    data = codec.compress(picture, max_bytes=sizes[1])
    assert len(data) <= sizes[1]
    fitting = [each for each in files.values() if len(each) <= sizes[1]]
    assert _error(codec, picture, data) == min(_error(codec, picture, each) for each in fitting)
