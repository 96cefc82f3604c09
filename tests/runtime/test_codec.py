"""The whole road on arrays: what goes in comes out, at any size, within the limits asked for."""

import logging
import os
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tfcomp
from tests.bundle_factory import MAX_ERROR, photo, write_bundle
from tests.child import python
from tfcomp.errors import BundleError, ConfigError, ImageError, UnknownBundleError
from tfcomp.networks import tiles


@pytest.fixture(scope="module")
def codec(bundle_folder):
    return tfcomp.load(bundle_folder)


@pytest.mark.parametrize("quality", [1, 2])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 7), (33, 17), (64, 64), (5, 200)])
def test_an_image_of_any_size_comes_back(codec, height, width, quality):
    image = photo(height, width)
    decoded = codec.decompress(codec.compress(image, quality=quality))
    assert decoded.shape == image.shape
    assert decoded.dtype == np.uint8
    assert decoded.flags.c_contiguous
    assert np.abs(decoded.astype(int) - image).max() <= MAX_ERROR[quality]


def test_an_image_is_padded_with_its_own_edge(codec):
    def sections(height, width):
        return codec.compress(np.full((height, width, 3), 240, np.uint8), quality=2)[11:-4]

    assert sections(5, 6) == sections(8, 8)


def test_a_higher_quality_is_larger_and_closer(codec):
    image = photo(40, 40)
    low, high = (codec.compress(image, quality=quality) for quality in (1, 2))
    assert len(low) < len(high)
    errors = [np.abs(codec.decompress(data).astype(int) - image).mean() for data in (low, high)]
    assert errors[1] < errors[0]


def test_the_models_default_quality_is_used_where_none_is_said(codec):
    image = photo(16, 16)
    assert codec.compress(image) == codec.compress(image, quality=codec.info["default_quality"])


@pytest.mark.parametrize("quality", [0, 3, -1, 256])
def test_a_quality_the_model_lacks_is_refused(codec, quality):
    with pytest.raises(ConfigError, match="qualities 1 to 2"):
        codec.compress(photo(8, 8), quality=quality)


def test_max_bytes_takes_the_best_quality_that_fits(codec):
    image = photo(40, 40)
    sizes = {q: len(codec.compress(image, quality=q)) for q in (1, 2)}
    for limit, quality in [(sizes[1], 1), (sizes[2] - 1, 1), (sizes[2], 2), (10**9, 2)]:
        data = codec.compress(image, max_bytes=limit)
        assert data == codec.compress(image, quality=quality)


def test_target_bpp_counts_the_whole_file(codec):
    image = photo(40, 40)
    size = len(codec.compress(image, quality=2))
    assert len(codec.compress(image, target_bpp=8 * size / 1600)) == size
    assert len(codec.compress(image, target_bpp=8 * (size - 1) / 1600)) < size


def test_a_limit_below_the_lowest_quality_is_an_error_that_says_how_much_it_takes(codec):
    smallest = len(codec.compress(photo(40, 40), quality=1))
    with pytest.raises(ImageError, match=f"takes {smallest} bytes"):
        codec.compress(photo(40, 40), max_bytes=smallest - 1)


def test_only_one_way_to_say_the_rate_is_taken(codec):
    with pytest.raises(ConfigError, match="only one"):
        codec.compress(photo(8, 8), quality=1, max_bytes=100)
    with pytest.raises(ConfigError, match="positive"):
        codec.compress(photo(8, 8), target_bpp=float("nan"))


def test_what_is_dropped_is_logged(codec, caplog):
    with caplog.at_level(logging.WARNING, logger="tfcomp"):
        codec.compress(np.zeros((4, 4, 4), np.uint8), background="white")
    assert "alpha composed on white" in caplog.text


def test_large_images_are_cut_into_tiles_and_give_the_same_bytes(codec, monkeypatch):
    image = photo(70, 93)
    data = codec.compress(image)
    decoded = codec.decompress(data)
    monkeypatch.setattr(tiles, "TILE_PIXELS", 16)
    assert codec.compress(image) == data
    np.testing.assert_array_equal(codec.decompress(data), decoded)


def test_threads_can_share_a_codec(codec):
    images = [photo(20 + 3 * i, 50 - 2 * i, seed=i) for i in range(12)]
    expected = [codec.compress(image) for image in images]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(codec.compress, images)) == expected
        for image, decoded in zip(images, pool.map(codec.decompress, expected)):
            assert decoded.shape == image.shape


def test_a_file_of_another_model_is_refused_by_a_codec_and_found_by_decompress(
    codec, installed, tmp_path, monkeypatch
):
    other = write_bundle(tmp_path / "other", name="other", spread=3.0)
    data = tfcomp.load(other).compress(photo(8, 8))
    with pytest.raises(UnknownBundleError, match="tfcomp.decompress"):
        codec.decompress(data)
    with pytest.raises(UnknownBundleError, match="not installed"):
        tfcomp.decompress(data)
    monkeypatch.setenv("TFCOMP_BUNDLES", os.pathsep.join([str(installed), str(other)]))
    assert tfcomp.decompress(data).shape == (8, 8, 3)
    assert tfcomp.decompress(codec.compress(photo(4, 4))).shape == (4, 4, 3)


def test_a_path_is_read_on_both_roads(codec, installed, tmp_path):
    (tmp_path / "x.tfcomp").write_bytes(codec.compress(photo(8, 8)))
    assert codec.decompress(tmp_path / "x.tfcomp").shape == (8, 8, 3)
    assert tfcomp.decompress(str(tmp_path / "x.tfcomp")).shape == (8, 8, 3)


def test_a_caller_can_lower_the_largest_size(codec):
    data = codec.compress(photo(8, 8))
    assert codec.decompress(data, max_pixels=64).shape == (8, 8, 3)
    with pytest.raises(tfcomp.BitstreamError, match="limit of 63"):
        codec.decompress(data, max_pixels=63)


def test_an_image_too_long_and_narrow_for_its_padding_is_refused(tmp_path):
    codec = tfcomp.load(write_bundle(tmp_path / "small", max_pixels=2**20))
    for shape in [(1, 2**20, 3), (2**20, 1, 3)]:
        image = np.zeros(shape, np.uint8)
        tracemalloc.start()
        with pytest.raises(ImageError, match=f"{shape[1]}x{shape[0]} pixels is too long"):
            codec.compress(image)
        padded_bytes = 4 * image.nbytes
        assert tracemalloc.get_traced_memory()[1] < padded_bytes / 2
        tracemalloc.stop()
    square = np.zeros((1021, 1021, 3), np.uint8)
    assert codec.decompress(codec.compress(square)).shape == square.shape


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 17), (5, 5), (3, 1000)])
def test_a_limit_of_just_the_images_size_is_enough_however_much_is_padding(codec, height, width):
    data = codec.compress(photo(height, width))
    assert codec.decompress(data, max_pixels=height * width).shape == (height, width, 3)


def test_a_bundle_of_one_size_leaves_the_size_out_and_takes_no_other(tmp_path):
    fixed = tfcomp.load(write_bundle(tmp_path / "fixed", fixed_size=[10, 6]))
    free = tfcomp.load(write_bundle(tmp_path / "free"))
    image = photo(6, 10)
    data = fixed.compress(image)
    assert len(data) == len(free.compress(image)) - 2
    assert fixed.decompress(data).shape == image.shape
    with pytest.raises(ImageError, match="10x6"):
        fixed.compress(photo(10, 6))


def test_an_encoder_that_gives_absurd_latents_is_an_error(codec, monkeypatch):
    lowest = np.full((1, 1, 1, 48), np.iinfo(np.int32).min, np.int32)  # what NaN becomes
    monkeypatch.setattr(codec.encoder, "run", lambda **inputs: lowest)
    with pytest.raises(BundleError, match="absurd"):
        codec.compress(photo(4, 4))


def test_a_network_that_does_not_fit_its_manifest_is_an_error(codec, monkeypatch):
    monkeypatch.setattr(codec.encoder, "run", lambda **inputs: np.zeros((1, 1, 1, 47), np.int32))
    with pytest.raises(BundleError, match="export the bundle again"):
        codec.compress(photo(4, 4))


def test_both_range_coders_write_the_same_file_and_read_it(codec, bundle_folder, tmp_path):
    data = codec.compress(photo(33, 17))
    (tmp_path / "x.tfcomp").write_bytes(data)
    script = (
        "import sys, tfcomp; from tfcomp.bitstream import range_coder\n"
        "from tests.bundle_factory import photo\n"
        "assert range_coder.BACKEND == 'python'\n"
        "codec = tfcomp.load(sys.argv[1])\n"
        "data = open(sys.argv[2], 'rb').read()\n"
        "assert codec.compress(photo(33, 17)) == data\n"
        "sys.stdout.write(codec.decompress(data).tobytes().hex())\n"
    )
    environment = {**os.environ, "TFCOMP_RANGE_CODER": "python"}
    child = python(script, bundle_folder, tmp_path / "x.tfcomp", env=environment)
    assert child.returncode == 0, child.stderr
    assert bytes.fromhex(child.stdout) == codec.decompress(data).tobytes()
