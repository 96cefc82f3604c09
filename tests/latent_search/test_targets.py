"""The smallest file is made whose decoded picture reaches a target of PSNR or MS-SSIM."""

import math

import numpy as np
import pytest
from PIL import Image
from skimage import data as photographs

import tfcomp
from tests import needs
from tests.bundle_factory import photo
from tfcomp.errors import CodecError, ConfigError, ImageError
from tfcomp.evaluation.metrics import ms_ssim, psnr
from tfcomp.latent_search.levels import LevelFiles
from tfcomp.latent_search.target import Target


@pytest.fixture(scope="module")
def codec():
    return tfcomp.load("cycle-small", num_threads=1)


@pytest.fixture(scope="module")
def picture():
    return np.ascontiguousarray(photographs.astronaut()[:192, 128:320])


def _figures(codec, picture, measure, **options):
    """Each level's file and what its decoded picture has."""
    files = [codec.compress(picture, q, **options) for q in range(1, codec.qualities + 1)]
    return [(data, measure(picture, codec.decompress(data))) for data in files]


@pytest.mark.parametrize("option", ["psnr", "ms_ssim"])
def test_the_smallest_file_that_reaches_a_target_is_made(codec, picture, option):
    measure, target = {"psnr": (psnr, 31.0), "ms_ssim": (ms_ssim, 0.975)}[option]
    figures = _figures(codec, picture, measure)
    reaching = [data for data, figure in figures if figure >= target]
    assert 0 < len(reaching) < codec.qualities
    assert codec.compress(picture, **{option: target}) == min(reaching, key=len)


def test_effort_reaches_a_target_with_fewer_bytes(codec, picture):
    with_rounds = _figures(codec, picture, psnr, effort=2)
    without = _figures(codec, picture, psnr)
    # What only rounds reach at this level.
    level = next(n for n in range(8) if with_rounds[n][1] > without[n][1] + 0.01)
    target = (with_rounds[level][1] + without[level][1]) / 2
    plain = codec.compress(picture, psnr=target)
    searched = codec.compress(picture, psnr=target, effort=2)
    assert len(searched) < len(plain)
    assert psnr(picture, codec.decompress(searched)) >= target


def test_a_target_beyond_the_best_quality_says_what_that_reaches(codec, picture):
    best = max(figure for _, figure in _figures(codec, picture, psnr))
    said = rf"reaches on this image is {math.floor(best * 100) / 100:.2f} dB, below the 60 asked"
    with pytest.raises(ImageError, match=said):
        codec.compress(picture, psnr=60)
    with pytest.raises(ImageError, match=r"MS-SSIM 0\.99\d\d, below the 1 asked for"):
        codec.compress(picture, ms_ssim=1)


def test_tiles_are_measured_as_they_are_decoded(codec, picture):
    data = codec.compress(picture, psnr=31, tiles=128)
    assert codec.read_file(data).frames[0].tile_side == 128
    assert psnr(picture, codec.decompress(data)) >= 31


def test_of_a_transparent_picture_only_what_shows_counts(bundle_folder):
    """The bundle's error is known: everything within half a step."""
    tiny = tfcomp.load(bundle_folder)
    alpha = np.zeros((64, 64), np.uint8)
    alpha[8:40, 4:60] = 200
    rgba = np.dstack([photo(64, 64), alpha])
    decoded = [tiny.decompress(tiny.compress(rgba, q)) for q in (1, 2)]
    shown = [psnr(rgba[alpha > 0][None, :, :3], d[alpha > 0][None, :, :3]) for d in decoded]
    assert shown[0] < shown[1]
    below, above = (tiny.compress(rgba, psnr=shown[0] + step) for step in (-0.01, 0.01))
    assert below == tiny.compress(rgba, 1) and above == tiny.compress(rgba, 2)
    assert tiny.decompress(above).shape == (64, 64, 4)


def test_a_grey_picture_is_measured_in_grey(bundle_folder):
    tiny, grey = tfcomp.load(bundle_folder), photo(48, 48)[..., 0]
    one = psnr(grey[..., None], tiny.decompress(tiny.compress(grey, 1))[..., None])
    assert tiny.compress(grey, psnr=one - 0.01) == tiny.compress(grey, 1)
    assert tiny.compress(grey, psnr=one + 0.01) == tiny.compress(grey, 2)


def _number(data):
    return int.from_bytes(data[:2], "big")


@pytest.mark.parametrize("side", [100, 600])  # one that is tried whole, one that is bisected
@pytest.mark.parametrize("steps", [1, 32])
def test_qualities_between_levels_are_used_where_there_are_such(side, steps):
    original = np.zeros((side, side, 3), np.uint8)
    made = []

    def make(level):
        made.append(level)
        return round(steps * level).to_bytes(2, "big") * round(100 * level)

    def decode(data):
        return np.full_like(original, round(200 - 20 * _number(data) / steps))

    files = LevelFiles(original, 8, make, decode, (), False, steps)
    target = Target(-100.0, "{:.2f} dB", lambda decoded: -float(decoded[0, 0, 0]))
    data = files.smallest_reaching(target)
    assert _number(data) == {1: 5, 32: math.ceil(32 * 4.975)}[steps]  # 20 * 4.975 rounds to 100
    assert len(made) <= {100: 8, 600: 4}[side] + (6 if steps > 1 else 0)


@pytest.mark.parametrize(
    "options",
    [
        {"psnr": 0},
        {"psnr": float("nan")},
        {"psnr": "38"},
        {"ms_ssim": 17.5},
        {"ms_ssim": -1},
        {"psnr": 38, "quality": 3},
        {"psnr": 38, "ms_ssim": 0.9},
        {"psnr": 38, "max_bytes": 900},
    ],
)
def test_a_target_that_no_picture_can_have_is_refused(codec, picture, options):
    with pytest.raises(ConfigError):
        codec.compress(picture, **options)


def test_ms_ssim_of_a_small_picture_is_refused_by_name(codec):
    with pytest.raises(ImageError, match="MS-SSIM needs 176 pixels a side.*40x30.*PSNR"):
        codec.compress(photo(30, 40), ms_ssim=0.9)


def test_pillow_saves_with_a_target(codec, picture, tmp_path):
    import tfcomp.pillow  # noqa: F401

    path = tmp_path / "x.tfcomp"
    expected = codec.compress(picture, psnr=31)
    Image.fromarray(picture).save(path, model="cycle-small", psnr=31)
    assert path.read_bytes() == expected
    with pytest.raises(CodecError, match="below the 70 asked for"):
        Image.fromarray(picture).save(path, model="cycle-small", psnr=70)
    assert path.read_bytes() == expected


def test_descent_keeps_a_target_and_makes_no_larger_file(codec, picture):
    pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)
    part = picture[:64, :64]
    for target in (30.0, 32.0):
        data = codec.compress(part, psnr=target, refine=4)
        assert psnr(part, codec.decompress(data)) >= target
        assert len(data) <= len(codec.compress(part, psnr=target))
