"""Arrays of other channels and depths: whole, in Zarr stores, and with targets."""

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tfcomp
from tests import needs
from tests.channels import pictures
from tfcomp.arrays import ArrayCodec, decode, encode
from tfcomp.errors import ConfigError, ImageError
from tfcomp.evaluation.metrics import psnr
from tfcomp.images.difference import squared_error


@pytest.fixture
def five(five_bundle, monkeypatch):
    """The installed name of the model of five channels of 12 bits."""
    monkeypatch.setenv("TFCOMP_BUNDLES", str(five_bundle))
    return tfcomp.load(five_bundle).info["name"]


@pytest.fixture
def deep(deep_bundle, monkeypatch):
    """Of the model of one channel of 16 bits."""
    monkeypatch.setenv("TFCOMP_BUNDLES", str(deep_bundle))
    return tfcomp.load(deep_bundle).info["name"]


def test_a_stack_of_five_channels_is_one_file(five):
    stack = np.stack([pictures.whole(seed, 5, 12, height=40, width=56) for seed in range(2)])
    back = decode(encode(stack, five, quality=3), stack.shape)
    assert (back.shape, back.dtype) == (stack.shape, np.uint16)
    codec = tfcomp.load(five)
    np.testing.assert_array_equal(back[1], codec.decompress(codec.compress(stack[1], 3)))


def test_one_channel_keeps_its_axis(deep):
    image = pictures.whole(9, 1, 16)
    back = decode(encode(image[None], deep), (1, *image.shape))
    assert (back.shape, back.dtype) == ((1, *image.shape), np.uint16)
    assert back.std() > 1000


def test_a_target_counts_by_the_range_of_the_samples(five_bundle, deep_bundle):
    five, deep = pictures.whole(9, 5, 12), _deep()
    for image, peak, path in ((five, 4095, five_bundle), (deep, 65535, deep_bundle)):
        codec = tfcomp.load(path)
        files = [codec.compress(image, quality) for quality in range(1, codec.qualities + 1)]
        decoded = [codec.decompress(data).reshape(image.shape) for data in files]
        figures = [psnr(image, each, peak) for each in decoded]
        target = max(figures) - 1e-6
        reaching = [data for data, figure in zip(files, figures) if figure >= target]
        assert codec.compress(image, psnr=target) == min(reaching, key=len)
        with pytest.raises(ImageError, match=f"{int(max(figures))}.* dB, below the"):
            codec.compress(image, psnr=max(figures) + 0.1)


def _deep():
    return pictures.whole(9, 1, 16)


def test_the_error_of_one_channel_is_the_same_with_and_without_its_axis():
    one, other = _deep(), _deep()[::-1].copy()
    assert squared_error(one, other[..., 0]) == squared_error(one, other)


def test_zarr_holds_five_channels(five, tmp_path):
    zarr = pytest.importorskip("zarr", minversion="3", reason=needs.ZARR)
    from tfcomp.arrays import ZarrCodec

    image = pictures.whole(9, 5, 12, height=70, width=90)
    given = {"shape": image.shape, "chunks": (64, 64, 5), "serializer": ZarrCodec(five, quality=3)}
    zarr.create_array(tmp_path / "a", dtype="uint16", compressors=None, **given)[:] = image
    part = zarr.open_array(tmp_path / "a")[:64, :64]
    codec = tfcomp.load(five)
    np.testing.assert_array_equal(
        part, codec.decompress(codec.compress(np.ascontiguousarray(image[:64, :64]), 3))
    )
    with pytest.raises(ImageError, match="samples of uint16, not uint8"):
        zarr.create_array(tmp_path / "b", dtype="uint8", compressors=None, **given)


def test_what_other_models_do_not_take_is_refused(five):
    with pytest.raises(ImageError, match="of 5 channels"):
        encode(np.zeros((8, 8, 3), np.uint16), five)
    with pytest.raises(ImageError, match="from 0 to 4096"):
        encode(np.full((8, 8, 5), [0, 0, 0, 0, 4096], np.uint16), five)
    with pytest.raises(ConfigError, match="no_data is for.*5 channels of 12 bits"):
        ArrayCodec(five, no_data=0)


def test_latents_are_what_the_codec_writes(five):
    codec, image = tfcomp.load(five), pictures.whole(9, 5, 12)
    latents = codec.latents(image, 2)
    height, width = (-(-side // codec.info["stride"]) for side in image.shape[:2])
    assert latents.shape == (height, width, codec.info["channels"])
    coded = latents.astype(codec.entropy_coder.latent_dtype)
    assert codec.pack_latents(coded, 2, *image.shape[:2]) == codec.plain_file(image, 2)
