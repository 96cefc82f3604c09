"""Tiles and regions: a part of a picture has the very pixels of the whole."""

import numpy as np
import pytest
from PIL import Image

import tfcomp
from tests.bundle_factory import photo, write_bundle
from tfcomp.errors import ConfigError, ImageError

MODELS = ["cycle-small", "cycle-factorized", "binary"]  # a kind of entropy model each
PICTURE = photo(300, 450, seed=1)
REGIONS = [
    *[(0, 0, 1, 1), (449, 299, 1, 1), (0, 0, 450, 300)],  # corners and all
    *[(120, 120, 20, 20), (128, 128, 128, 128), (250, 3, 30, 290), (7, 250, 430, 11)],
]


@pytest.fixture(scope="module", params=MODELS)
def codec(request):
    return tfcomp.load(request.param)


@pytest.mark.parametrize("tiles", [None, 128])
def test_a_region_has_the_pixels_of_the_whole(codec, tiles):
    data = codec.compress(PICTURE, 3, tiles=tiles)
    assert data[3] == (1 if tiles is None else 2)
    whole = codec.decompress(data)
    for x, y, width, height in REGIONS:
        part = codec.decompress(data, region=(x, y, width, height))
        np.testing.assert_array_equal(part, whole[y : y + height, x : x + width])
        assert part.flags.c_contiguous


def test_a_region_of_a_large_picture_has_the_pixels_of_its_tiled_decoding():
    codec = tfcomp.load("cycle-small")
    picture = photo(1100, 1000)  # more than the decoder network takes at once
    data = codec.compress(picture, 2, tiles=512)
    whole = codec.decompress(data)
    for x, y, width, height in [(500, 490, 40, 40), (0, 700, 1000, 100), (30, 40, 900, 900)]:
        part = codec.decompress(data, region=(x, y, width, height))
        np.testing.assert_array_equal(part, whole[y : y + height, x : x + width])


def test_tiles_are_cut_of_the_whole_pictures_latents(codec):
    plain, tiled = codec.compress(PICTURE, 3), codec.compress(PICTURE, 3, tiles=128)
    pixels = [codec.decompress(data).astype(float) for data in (plain, tiled)]
    if codec.bundle.manifest.kind.rounds:  # else quantising sees a little less of its context
        np.testing.assert_array_equal(*pixels)
    errors = [np.mean((PICTURE - each) ** 2) for each in pixels]
    assert errors[1] < 1.05 * errors[0]


def test_tiles_say_how_they_are_cut(codec):
    frame = codec.read_file(codec.compress(PICTURE, 3, tiles=128)).frames[0]
    assert frame.tile_side == 128 and (frame.width, frame.height) == (450, 300)
    assert [image.width for image in frame.images] == [128, 128, 128, 66] * 3
    assert [image.height for image in frame.images[::4]] == [128, 128, 44]


def test_a_region_needs_the_tiles_that_it_touches_and_their_neighbourhood(codec, monkeypatch):
    data = codec.compress(PICTURE, 3, tiles=128)
    decoded = []
    decode = codec.entropy_coder.decode
    monkeypatch.setattr(
        codec.entropy_coder, "decode", lambda *a, **k: decoded.append(a) or decode(*a, **k)
    )
    codec.decompress(data, region=(190, 190, 2, 2))
    assert len(decoded) < 12
    codec.decompress(data)
    assert len(decoded) > 12


def test_a_picture_of_one_tile_is_a_plain_file(codec):
    small = PICTURE[:128, :100]
    assert codec.compress(small, 3, tiles=128) == codec.compress(small, 3)


@pytest.mark.parametrize("tiles", [0, -64, 1, 100, 96, "128", 64.0])
def test_other_sides_are_refused(codec, tiles):
    with pytest.raises(ConfigError, match="tiles"):
        codec.compress(PICTURE, 3, tiles=tiles)


def test_a_side_must_hold_whole_pairs_of_latents(tmp_path):
    codec = tfcomp.load(write_bundle(tmp_path / "wide", stride=96))
    with pytest.raises(ConfigError, match="multiple of 192"):
        codec.compress(PICTURE, 1, tiles=128)


def test_a_model_of_one_size_has_no_tiles(tmp_path):
    codec = tfcomp.load(write_bundle(tmp_path / "fixed", fixed_size=[450, 300]))
    with pytest.raises(ConfigError, match="leave tiles out"):
        codec.compress(PICTURE, 1, tiles=128)


def test_gradient_descent_takes_no_tiles():
    with pytest.raises(ConfigError, match="leave tiles out"):
        tfcomp.load("cycle-small").compress(PICTURE, 1, tiles=128, refine=1)


def test_a_limit_of_bytes_counts_all_tiles(codec):
    sizes = [len(codec.compress(PICTURE, quality, tiles=128)) for quality in (1, 2)]
    data = codec.compress(PICTURE, max_bytes=sizes[1] + 1, tiles=128)
    assert sizes[0] <= len(data) <= sizes[1] + 1 and data[3] == 2
    with pytest.raises(ImageError):
        codec.compress(PICTURE, max_bytes=100, tiles=128)


def test_rounds_work_on_tiles():
    codec = tfcomp.load("cycle-small")
    found = []
    noise = np.random.default_rng(0).integers(0, 256, (50, 75, 3), np.uint8)
    picture = np.asarray(Image.fromarray(noise).resize((450, 300), Image.Resampling.BICUBIC))
    data = codec.compress(picture, 3, tiles=128, effort=2, on_improvement=found.append)
    whole = codec.decompress(data)
    assert codec.read_file(data).frames[0].tile_side == 128
    assert np.mean((whole.astype(float) - picture) ** 2) == pytest.approx(found[0].error_after)
    assert len(data) == found[0].bytes_after != found[0].bytes_before


@pytest.mark.parametrize(
    "region",
    [
        *[(-1, 0, 5, 5), (0, -1, 5, 5), (446, 0, 5, 5), (0, 296, 5, 5), (0, 0, 0, 1)],
        *[(0, 0, 1, -1), (0, 0, 451, 300), (2**70, 0, 1, 1), (1, 2, 3), "1,2,3,4", 5],
        (1.0, 2, 3, 4),
    ],
)
def test_a_region_outside_the_picture_is_refused(codec, region):
    data = codec.compress(PICTURE, 1)
    with pytest.raises(ConfigError, match="region"):
        codec.decompress(data, region=region)


def test_of_tiles_that_are_missing_the_others_are_shown(codec):
    data = codec.compress(PICTURE, 3, tiles=128)
    whole = codec.decompress(data)
    part = codec.decompress(data[: 3 * len(data) // 4], partial=True)
    np.testing.assert_array_equal(part[:64], whole[:64])  # far from the tiles of the last row
    assert (part[250:] != whole[250:]).any()
