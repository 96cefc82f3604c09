"""The client gives what the runtime gives, through either protocol."""

import threading

import numpy as np
import pytest
from PIL import Image

from tests.serving.pictures import as_file, picture
from tfcomp.errors import CodecError, ConfigError
from tfcomp.runtime.image_input import read_image

SIZES = [(1, 1), (17, 33), (64, 96), (5, 130)]


def assert_same_picture(image, expected):
    assert image.dtype == np.uint8 and image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("height, width", SIZES)
def test_files_are_those_of_the_local_codec_and_so_are_the_pictures(client, codec, height, width):
    image = picture(height, width)
    data = client.compress(image, quality=2)
    assert data == codec.compress(image, quality=2)
    assert_same_picture(client.decompress(data), codec.decompress(data))


def test_without_a_quality_it_is_the_models_default(client, codec):
    image = picture(32, 32)
    assert client.compress(image) == codec.compress(image)
    assert client.compress(image) != codec.compress(image, quality=2)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
def test_paths_of_all_image_files_are_taken(client, codec, tmp_path, suffix):
    path = tmp_path / f"photo.{suffix}"
    Image.fromarray(picture(40, 56)).save(path)
    data = client.compress(path, quality=1)
    assert data == codec.compress(path, quality=1)
    compressed = tmp_path / "photo.tfcomp"
    compressed.write_bytes(data)
    assert_same_picture(client.decompress(str(compressed)), codec.decompress(data))


def test_served_models_write_upright_rgb_on_white_as_the_local_codec_does(client, codec):
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = as_file(picture(20, 50), "JPEG", exif=exif)
    assert client.decompress(client.compress(turned)).shape == (50, 20, 3)
    glass = Image.fromarray(np.dstack([picture(24, 24), np.full((24, 24), 90, np.uint8)]))
    for image in (turned, glass, as_file(glass), as_file(Image.fromarray(picture(9, 9)[..., 0]))):
        expected = codec.compress(read_image(image).pixels, quality=2)
        assert client.compress(image, quality=2) == expected


def test_a_large_picture_passes_grpcs_usual_limit_of_4_mebibytes(client, codec):
    noise = np.random.default_rng(0).integers(0, 256, (1250, 1250, 3), np.uint8)
    assert len(as_file(noise)) > 4 * 2**20
    data = client.compress(noise, quality=1)
    assert_same_picture(client.decompress(data), codec.decompress(data))


def test_threads_share_a_client(client, codec):
    images = [picture(20 + seed, 30, seed) for seed in range(8)]
    results = [b""] * len(images)

    def work(number):
        results[number] = client.compress(images[number], quality=2)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(images))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [codec.compress(image, quality=2) for image in images]


@pytest.mark.parametrize("quality", [0, -1, 256, 2.5, "best"])
def test_a_quality_that_no_model_has_is_refused_before_anything_is_sent(client, served, quality):
    with pytest.raises(ConfigError, match="quality"):
        client.compress(picture(8, 8), quality)
    with pytest.raises(ConfigError, match="quality"):
        client.compress_batch([picture(8, 8)], quality)
    assert served.requests == 0


def test_a_quality_that_this_model_lacks_is_the_servers_to_refuse(client):
    with pytest.raises(CodecError, match="quality is 1 to 2"):
        client.compress(picture(8, 8), quality=3)
