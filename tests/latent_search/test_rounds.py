"""Rounds of feedback: what they are, what they bring, and that limits hold with them."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from skimage import data

import tfcomp
from tests.bundle_factory import photo
from tfcomp.api import Codec
from tfcomp.errors import BundleError, ConfigError
from tfcomp.evaluation.metrics import psnr
from tfcomp.latent_search.rounds import Gains, Round, after_round, rounds_of
from tfcomp.networks import tiles
from tfcomp.runtime import registry
from tfcomp.runtime.bundle import Bundle


@pytest.fixture(scope="module")
def picture():
    return np.ascontiguousarray(data.astronaut()[100:228, 150:310])


@pytest.fixture(scope="module")
def codec():
    return tfcomp.load("cycle")


def _with(codec, **changes):
    """The codec with other numbers for searching."""
    tuning = dataclasses.replace(codec.bundle.tuning, **changes)
    return Codec(dataclasses.replace(codec.bundle, tuning=tuning))


def _with_gains(codec, gain, gradient_gain=0.0, rate_gain=0.0):
    return _with(
        codec,
        cycle_gains=(gain,) * codec.qualities,
        gradient_gains=(gradient_gain,) * codec.qualities,
        rate_gains=(rate_gain,) * codec.qualities,
    )


def _quantized(found):
    return np.rint(found).astype(np.int16) * 8


def _after(found, *rounds, cheaper=None):
    for each in rounds:
        found = after_round(found, _quantized(found), None, each, cheaper)
    return found


def test_latents_go_where_the_mirror_image_falls_short():
    latents = np.array([[[3.2, -1.4]]], np.float32)

    def missing(decoded, image):  # of an encoder that finds three quarters of what was decoded
        return latents - decoded.astype(np.float32) / 8 * np.float32(0.75)

    once = _after(latents, Round(missing, 1.0, 0.0))
    # 3 and -1 come back as 2.25 and -0.75: short of 3.2 and -1.4 by 0.95 and -0.65.
    np.testing.assert_allclose(once, [[[3.95, -1.65]]], rtol=1e-6)
    # 4 and -2 come back as 3 and -1.5: 0.2 short, 0.1 too far.
    twice = _after(latents, *[Round(missing, 1.0, 0.0)] * 2)
    np.testing.assert_allclose(twice, [[[4.2, -1.9]]], rtol=1e-6)
    half = _after(latents, Round(missing, 0.5, 0.0))
    np.testing.assert_allclose(half, [[[(3.2 + 3.95) / 2, -(1.4 + 1.65) / 2]]], rtol=1e-6)
    np.testing.assert_array_equal(latents, np.array([[[3.2, -1.4]]], np.float32))


def test_latents_also_go_where_others_get_cheaper():
    latents = np.array([[[3.2, -1.4, 7.0]]], np.float32)

    def cheaper(found, decoded):  # of the first two channels; the last is nobody's context
        np.testing.assert_array_equal(decoded, _quantized(found))
        return np.array([[[-2.0, 1.0]]], np.float32)

    def missing(decoded, image):
        return np.full(decoded.shape, 0.5, np.float32)

    alone = _after(latents, Round(None, 0.0, 0.25), cheaper=cheaper)
    np.testing.assert_allclose(alone, [[[2.7, -1.15, 7.0]]], rtol=1e-6)
    np.testing.assert_array_equal(latents, np.array([[[3.2, -1.4, 7.0]]], np.float32))
    # Beside another correction: half of (0.5 - what quantisation took away) more.
    both = _after(latents, Round(missing, 0.5, 0.25), cheaper=cheaper)
    np.testing.assert_allclose(both, [[[2.85, -0.7, 7.25]]], rtol=1e-6)


@pytest.mark.parametrize(
    "cycle_gain, gradient_gain, expected",
    [
        (1.0, 0.3, [("cycle", 1.0)] + [("gradient", 0.3 / step) for step in (1, 2, 3)]),
        (0.0, 0.3, [("gradient", 0.3 / step) for step in (1, 2, 3, 4)]),
        (0.5, 0.0, [("cycle", 0.5)] * 4),
        (0.0, 0.0, [(None, 0.0)] * 4),
    ],
)
def test_the_cycles_error_comes_first_and_then_shrinking_steps_down_the_gradient(
    cycle_gain, gradient_gain, expected
):
    for count in range(5):
        gains = Gains(cycle_gain, gradient_gain, 0.6)
        found = list(rounds_of(count, gains, "cycle", "gradient"))
        assert [(each.missing, each.gain) for each in found] == expected[:count]
        assert [each.rate_gain for each in found] == [0.6, 0.3, 0.6 / 3, 0.15][:count]


def test_without_gains_there_are_no_rounds_and_latents_stay():
    latents = np.ones((1, 1, 2), np.float32)
    assert _after(latents, *rounds_of(3, Gains(0.0, 0.0, 0.0), None, None)) is latents


@pytest.mark.parametrize("quality, decibels", [(5, 0.1), (8, 0.4)])
def test_a_round_of_the_shipped_model_brings_the_picture_nearer(codec, picture, quality, decibels):
    plain, iterated = (codec.compress(picture, quality, feedback=n) for n in (0, 1))
    gained = psnr(picture, codec.decompress(iterated)) - psnr(picture, codec.decompress(plain))
    assert gained > decibels
    # A decibel costs 17 to 25 % of the bytes there: this one is far cheaper.
    assert len(iterated) / len(plain) - 1 < 0.12 * gained


def _loss(codec, picture, quality, rounds):
    """Bits, and what the squared error is worth in bits at this quality."""
    data = codec.compress(picture, quality, feedback=rounds)
    error = np.square(picture - codec.decompress(data).astype(float)).sum() / 3
    return 8 * len(data) + np.geomspace(0.0005, 0.16, codec.qualities)[quality - 1] * error


@pytest.mark.parametrize("quality, percent", [(1, 0.5), (5, 0.5), (7, 0.2)])
def test_rounds_down_the_gradient_go_on_from_the_first(codec, quality, percent):
    picture = np.ascontiguousarray(data.astronaut()[:384, :384])  # a byte of quality 1 is 0.2 %
    first = 1 if codec.bundle.tuning.cycle_gains[quality - 1] else 0
    start, end = (_loss(codec, picture, quality, rounds) for rounds in (first, first + 2))
    assert end < start * (1 - percent / 100)


def test_a_quality_without_a_gain_for_the_cycles_error_begins_with_the_gradient(codec, picture):
    assert codec.bundle.tuning.cycle_gains[0] == 0
    tuning = codec.bundle.tuning
    expected = _with_gains(codec, 0.0, tuning.gradient_gains[0], tuning.rate_gains[0])
    assert codec.compress(picture, 1, feedback=1) == expected.compress(picture, 1, feedback=1)
    assert codec.compress(picture, 1, feedback=1) != codec.compress(picture, 1)


def test_rounds_that_a_quality_does_not_want_leave_its_file_as_it_is(picture):
    small = _with_gains(tfcomp.load("cycle-small"), 0.0)
    small = _with(small, distortion_weights=(5.0,) * small.qualities)
    assert small.compress(picture, 1, feedback=2) == small.compress(picture, 1)


def test_limits_hold_with_feedback(codec, picture):
    sizes = {q: len(codec.compress(picture, q, feedback=1)) for q in (5, 6)}
    fitting = codec.compress(picture, max_bytes=sizes[6] - 1, feedback=1)
    assert fitting == codec.compress(picture, 5, feedback=1)
    assert len(fitting) == sizes[5]


@pytest.mark.parametrize("rounds", [1, 2])
def test_large_pictures_take_rounds_in_tiles_as_in_one_piece(codec, picture, monkeypatch, rounds):
    whole = _loss(codec, picture, 6, rounds)
    monkeypatch.setattr(tiles, "TILE_PIXELS", 96)
    # Last bits of float32 may round latents to the other side, for fewer bits or less error.
    assert _loss(codec, picture, 6, rounds) == pytest.approx(whole, rel=0.004)


def test_a_model_without_gains_says_so(bundle_folder):
    codec = tfcomp.load(bundle_folder)
    with pytest.raises(ConfigError, match="no gains for feedback"):
        codec.compress(photo(8, 8), feedback=1)
    assert codec.compress(photo(8, 8), feedback=0)


def test_less_than_no_round_is_refused(codec):
    with pytest.raises(ConfigError, match="0 rounds or more, not -1"):
        codec.compress(photo(8, 8), feedback=-1)


def test_gains_are_the_manifests(codec, picture):
    plain = codec.compress(picture, 7)
    assert _with_gains(codec, 0.0).compress(picture, 7, feedback=1) == plain
    rate_gain = codec.bundle.tuning.rate_gains[6]
    files = {
        gains: _with_gains(codec, gains[0], 0.0, gains[1]).compress(picture, 7, feedback=1)
        for gains in ((0.5, rate_gain), (1.0, rate_gain), (1.0, 0.0), (0.0, rate_gain))
    }
    assert files[1.0, rate_gain] == codec.compress(picture, 7, feedback=1)
    assert len({plain, *files.values()}) == 5


def test_files_with_feedback_are_quantised_with_weights_of_their_own(codec, picture):
    manifest = codec.bundle.manifest
    assert codec.bundle.tuning.distortion_weights != manifest.distortion_weights
    own = _with(codec, distortion_weights=(9.0,) * 8)
    manifest = dataclasses.replace(manifest, distortion_weights=(9.0,) * 8)
    everywhere = Codec(
        dataclasses.replace(_with(codec, distortion_weights=()).bundle, manifest=manifest)
    )
    assert own.compress(picture, 6, feedback=1) == everywhere.compress(picture, 6, feedback=1)
    assert own.compress(picture, 6, feedback=1) != codec.compress(picture, 6, feedback=1)
    assert own.compress(picture, 6) == codec.compress(picture, 6)
    assert own.compress(picture, 6) != everywhere.compress(picture, 6)


@pytest.mark.parametrize("name, quality", [("cycle-small", 3), ("cycle", 6)])
def test_following_the_rates_gradient_makes_files_of_shipped_models_better(name, quality):
    picture = np.ascontiguousarray(data.astronaut()[:256, 100:420])
    following = tfcomp.load(name)
    assert all(following.bundle.tuning.rate_gains)
    without = _with(following, rate_gains=())
    assert _loss(following, picture, quality, 3) < _loss(without, picture, quality, 3) * 0.999


def test_a_gradient_that_is_no_number_is_refused(codec, picture, monkeypatch):
    broken = _with_gains(codec, 0.0, 0.2)
    network = broken.gradient._network
    shape = (1, 8, 10, broken.bundle.manifest.channels)
    for result in (np.full(shape, np.nan, np.float32), np.zeros((1, 8, 9, 3), np.float32)):
        monkeypatch.setattr(network, "run", lambda result=result, **inputs: result)
        with pytest.raises(BundleError, match="gradient.tflite gives .*export the bundle again"):
            broken.compress(picture, 5, feedback=1)


def test_a_bundle_that_lost_its_gradient_says_so(codec, tmp_path):
    for file in Path(codec.bundle.source).iterdir():
        if file.name != "gradient.tflite":
            shutil.copy(file, tmp_path)
    with pytest.raises(BundleError, match="has no gradient.tflite"):
        tfcomp.load(tmp_path)


def test_every_shipped_model_with_a_hyperprior_has_gains():
    for name in registry.list_models():
        bundle = Bundle.read(registry.find_by_name(name).path)
        assert bundle.tuning.has_rounds == (bundle.manifest.layout is not None)
