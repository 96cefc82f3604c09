import dataclasses
import re

import numpy as np
import pytest

from tfcomp.errors import CodecError, ConfigError
from tfcomp.evaluation.classical import (
    AVIF,
    AVIF_PSNR,
    AVIF_TUNES,
    CODECS,
    JPEG,
    JPEG2000,
    decode_on_one_thread,
)
from tfcomp.evaluation.contestants import CODEC, nearest_quality, open_contestant
from tfcomp.evaluation.curves import Point, bd_rate
from tfcomp.evaluation.metrics import psnr


@pytest.fixture(params=sorted(CODECS))
def codec(request):
    if CODECS[request.param].missing():
        pytest.skip(CODECS[request.param].missing())
    return CODECS[request.param]


def test_every_codec_gives_better_pictures_for_more_bytes(codec, photographs):
    decode_on_one_thread()
    image = photographs["astronaut.png"]
    files = [codec.encode(image, q) for q in (codec.qualities[0], codec.qualities[-1])]
    worst, best = (psnr(image, codec.decode(file)) for file in files)
    assert len(files[0]) < len(files[1])
    assert worst < 31 < 38 < best
    assert codec.decode(files[0]).dtype == np.uint8


def test_every_codec_says_its_version_and_settings(codec):
    line = codec.describe()
    assert "Pillow" in line and any(character.isdigit() for character in line)
    for key, value in codec.settings.items():
        assert f"{key}={value}" in line


def test_jpeg_2000_makes_the_rate_it_is_asked_for(photographs):
    image = photographs["astronaut.png"]
    data = JPEG2000.encode(image, 150)
    assert 8 * len(data) / (192 * 200) == pytest.approx(1.5, abs=0.1)


def test_a_codec_that_is_not_installed_is_named_with_what_to_install():
    absent = dataclasses.replace(AVIF, format="NOSUCH", plugin="no_such_plugin")
    assert absent.missing() == "avif: not installed (pip install pillow-avif-plugin)"
    assert JPEG.missing() is None


def test_an_unknown_codec_is_refused_by_name():
    with pytest.raises(ConfigError, match="mp3.*jpeg"):
        open_contestant(CODEC, "mp3")


def test_a_missing_codec_is_refused_by_name(monkeypatch):
    absent = dataclasses.replace(AVIF, format="NOSUCH", plugin="no_such_plugin")
    monkeypatch.setitem(CODECS, "avif", absent)
    with pytest.raises(CodecError, match="avif: not installed"):
        open_contestant(CODEC, "avif")


@pytest.mark.parametrize(
    ("target", "quality"), [(1, 1), (370, 4), (400, 4), (405, 4), (455, 5), (5000, 9)]
)
def test_the_nearest_size_is_found_with_few_tries(target, quality):
    tried = []

    def size(quality):
        tried.append(quality)
        return 100 * quality

    assert nearest_quality(size, {3: 300, 7: 700}, (1, 9), target) == quality
    assert len(tried) <= 3


def test_the_nearest_size_is_found_where_sizes_do_not_grow_with_quality():
    sizes = {1: 100, 2: 320, 3: 200, 4: 250, 5: 400}
    assert nearest_quality(sizes.__getitem__, dict(sizes), (1, 5), 310) == 2
    assert nearest_quality(sizes.__getitem__, dict(sizes), (1, 5), 210) == 3


@pytest.fixture
def needs_avif():
    if AVIF.missing():
        pytest.skip(AVIF.missing())


def test_avif_tuned_for_psnr_reaches_a_picture_in_fewer_bytes_than_the_default(
    needs_avif, photographs
):
    image = photographs["astronaut.png"]
    anchor, tuned = (
        [
            Point(q, len(data) / image[..., 0].size, psnr(image, codec.decode(data)))
            for q in codec.qualities
            for data in [codec.encode(image, q)]
        ]
        for codec in (AVIF, AVIF_PSNR)
    )
    assert bd_rate(anchor, tuned).percent < -2


def test_every_avif_says_which_tune_made_its_files(needs_avif, photographs):
    image = photographs["coffee.png"]
    assert "tune=psnr" in AVIF_PSNR.describe() and "aom" in AVIF_PSNR.describe()
    for codec in (AVIF, CODECS["avif444"]):
        (tune,) = re.findall(r"tune=(\w+) \(the library's default\)", codec.describe())
        named = dataclasses.replace(codec, tune=tune)
        assert codec.encode(image, 50) == named.encode(image, 50)
        others = set(AVIF_TUNES) - {tune}
        assert all(
            dataclasses.replace(codec, tune=other).encode(image, 50) != codec.encode(image, 50)
            for other in others
        )


def test_avif_whose_encoder_takes_no_tune_is_called_missing(needs_avif):
    absent = dataclasses.replace(AVIF_PSNR, tune="no-such-tune")
    assert absent.missing() == (
        "avif-psnr: this AVIF encoder does not take tune=no-such-tune "
        "(pip install --upgrade Pillow)"
    )
    assert AVIF_PSNR.missing() is None
