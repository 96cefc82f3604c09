"""Arrays of any channels and depth become files and come back."""

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tfcomp
from tests.channels import pictures
from tfcomp.evaluation.metrics import psnr
from tfcomp.image_spec import ImageSpec


def test_five_channels_of_12_bits_come_back_as_they_went_in(five_bundle):
    codec = tfcomp.load(five_bundle)
    image = pictures.whole(9, 5, 12, height=50, width=70)
    data = codec.compress(image, 3)
    decoded = codec.decompress(data)
    assert (decoded.shape, decoded.dtype) == (image.shape, np.uint16)
    assert decoded.max() <= 4095
    mean = np.broadcast_to(np.rint(image.mean((0, 1))).astype(np.uint16), image.shape)
    assert psnr(image, decoded, 4095) > psnr(image, mean, 4095)


def test_the_runtime_decodes_what_the_model_does(five_run, five_bundle):
    from tests import tiny_runs

    model = tiny_runs.load_model(five_run)
    codec = tfcomp.load(five_bundle)
    model.use_bundle(codec.bundle.tables, bytes.fromhex(codec.bundle.manifest.fingerprint))
    image = pictures.whole(9, 5, 12)
    data = codec.compress(image, 2)
    assert np.abs(model.decompress([data])[0].astype(int) - codec.decompress(data)).max() <= 1
    (own,) = model.compress(model.in_units(image)[None], 2)
    assert len(own) == pytest.approx(len(data), rel=0.02)


def test_one_channel_of_16_bits_comes_back_without_a_channel_axis(deep_bundle):
    codec = tfcomp.load(deep_bundle)
    image = pictures.whole(9, 1, 16)[..., 0]
    decoded = codec.decompress(codec.compress(image))
    assert (decoded.shape, decoded.dtype) == (image.shape, np.uint16)
    assert decoded.std() > 1000  # no 8-bit levels
    assert np.unique(decoded).size > 256


def test_float_samples_come_back_within_their_range(float_bundle):
    codec = tfcomp.load(float_bundle)
    image = (pictures.made(9, 2, 8.0) - 2.0).astype(np.float32)
    decoded = codec.decompress(codec.compress(image, 3))
    assert (decoded.shape, decoded.dtype) == (image.shape, np.float32)
    assert decoded.min() >= -2.0 and decoded.max() <= 6.0
    assert np.abs(decoded - image).mean() < 1.0


def test_a_grey_model_keeps_grey_grey_and_its_alpha(grey_bundle, photograph):
    codec = tfcomp.load(grey_bundle)
    grey = photograph[..., 0]
    decoded = codec.decompress(codec.compress(grey))
    assert (decoded.shape, decoded.dtype) == (grey.shape, np.uint8)
    alpha = np.full(grey.shape, 255, np.uint8)
    alpha[:8] = 100
    decoded = codec.decompress(codec.compress(np.dstack([grey, alpha])))
    assert decoded.shape == (*grey.shape, 2)
    assert np.array_equal(decoded[..., 1], alpha)


def test_a_grey_model_refuses_colours_in_one_line(grey_bundle, photograph):
    with pytest.raises(tfcomp.CodecError, match="has colours, and model 'grey' keeps grey alone"):
        tfcomp.load(grey_bundle).compress(photograph)


def test_limits_regions_and_small_pictures_work_on_any_channels(five_bundle):
    codec = tfcomp.load(five_bundle)
    image = pictures.whole(9, 5, 12)
    data = codec.compress(image, max_bytes=900)
    assert len(data) <= 900
    whole = codec.decompress(data)
    assert np.array_equal(codec.decompress(data, region=(8, 4, 30, 20)), whole[4:24, 8:38])
    half = codec.decompress(data, scale=2)
    assert half.shape == (32, 48, 5) and half.dtype == np.uint16
    assert np.abs(half[3, 3] - whole[6:8, 6:8].mean((0, 1))).max() <= 0.5


def test_the_spec_is_in_the_manifest_and_in_the_fingerprint(five_bundle):
    manifest = tfcomp.load(five_bundle).bundle.manifest
    assert manifest.image == ImageSpec(channels=5, bits=12)
    text = (five_bundle / "manifest.json").read_text()
    (five_bundle / "manifest.json").write_text(text.replace('"bits": 12', '"bits": 13'))
    try:
        with pytest.raises(tfcomp.CodecError, match="fingerprint"):
            tfcomp.load(five_bundle)
    finally:
        (five_bundle / "manifest.json").write_text(text)
