"""Small pictures: a half, a quarter or an eighth of the side."""

import time

import numpy as np
import pytest
from PIL import Image

import tfcomp
from tests.bundle_factory import photo
from tfcomp.errors import ConfigError

WITH_THUMBNAILS = ["cycle", "cycle-small"]


def psnr(one, other):
    return 10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2))


@pytest.mark.parametrize("scale", [2, 4, 8])
@pytest.mark.parametrize("size", [(1, 1), (130, 67), (64, 128)])
def test_sides_are_rounded_up(scale, size):
    for name in ("cycle-small", "binary"):
        codec = tfcomp.load(name)
        data = codec.compress(photo(*size), 3)
        small = codec.decompress(data, scale=scale)
        assert small.shape == (-(-size[0] // scale), -(-size[1] // scale), 3)
        assert small.dtype == np.uint8


def test_a_scale_of_1_is_the_picture_itself():
    codec = tfcomp.load("cycle-small")
    data = codec.compress(photo(50, 40))
    np.testing.assert_array_equal(codec.decompress(data, scale=1), codec.decompress(data))


def test_without_thumbnails_it_is_the_decoded_picture_reduced():
    codec = tfcomp.load("cycle-factorized")
    data = codec.compress(photo(100, 90))
    for scale in (2, 4, 8):
        reduced = np.asarray(Image.fromarray(codec.decompress(data)).reduce(scale))
        np.testing.assert_array_equal(codec.decompress(data, scale=scale), reduced)


@pytest.mark.parametrize("name", WITH_THUMBNAILS)
@pytest.mark.parametrize("quality", [2, 5, 8])
def test_thumbnails_look_like_the_decoded_picture_reduced(name, quality):
    codec = tfcomp.load(name)
    picture = np.asarray(Image.fromarray(photo(60, 90, seed=2)).resize((720, 480)))
    data = codec.compress(picture, quality)
    whole = Image.fromarray(codec.decompress(data))
    for scale, least in ((4, 33), (8, 36)):
        assert psnr(codec.decompress(data, scale=scale), np.asarray(whole.reduce(scale))) > least


def test_thumbnails_of_tiles_are_those_of_the_whole():
    codec = tfcomp.load("cycle-small")
    picture = photo(300, 450)
    plain, tiled = (codec.compress(picture, 5, tiles=tiles) for tiles in (None, 128))
    small = [codec.decompress(data, scale=4) for data in (plain, tiled)]
    assert psnr(*small) > 40


@pytest.mark.parametrize("name", WITH_THUMBNAILS)
def test_a_thumbnail_of_a_large_picture_takes_less_time(name):
    codec = tfcomp.load(name, num_threads=1)
    data = codec.compress(photo(1200, 1600), 4)
    times = []
    for scale in (1, 8):
        codec.decompress(data, scale=scale)
        start = time.process_time()
        codec.decompress(data, scale=scale)
        times.append(time.process_time() - start)
    assert times[1] < 0.7 * times[0]


def test_a_part_of_a_file_has_thumbnails():
    codec = tfcomp.load("cycle-small")
    picture = photo(300, 450)
    data = codec.compress(picture, 5)
    part = data[: len(data) // 2]
    small = codec.decompress(part, scale=8, partial=True)
    whole = Image.fromarray(codec.decompress(part, partial=True))
    assert psnr(small, np.asarray(whole.reduce(8))) > 30


@pytest.mark.parametrize("scale", [0, 3, -2, 16, 2.0, "2", True])
def test_other_scales_are_refused(scale):
    codec = tfcomp.load("cycle-small")
    with pytest.raises(ConfigError, match="scale"):
        codec.decompress(codec.compress(photo(20, 20)), scale=scale)


def test_a_region_and_a_scale_are_not_taken_together():
    codec = tfcomp.load("cycle-small")
    with pytest.raises(ConfigError, match="only one"):
        codec.decompress(codec.compress(photo(20, 20)), scale=2, region=(0, 0, 9, 9))
