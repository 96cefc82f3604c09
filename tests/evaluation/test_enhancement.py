"""Post-filters behind codecs: the filters, how their strengths are chosen, and the comparison."""

import json

import numpy as np
import pytest
from PIL import Image

from tests import needs
from tfcomp.cli import main
from tfcomp.errors import CodecError
from tfcomp.evaluation import learned_filter
from tfcomp.evaluation.classical import JPEG
from tfcomp.evaluation.enhancement import FILTERS, PostFilter, best_strength, chosen_filters
from tfcomp.evaluation.enhancement_comparison import compare, settings_near, training_crops
from tfcomp.evaluation.learned_filter import LearnedFilter
from tfcomp.evaluation.measuring import Measurement
from tfcomp.evaluation.metrics import psnr

DENOISERS = ["nlm", "bilateral", "tv"]


@pytest.fixture(scope="session")
def network(tmp_path_factory):
    """A TFLite post-filter that darkens every picture by 10 grey levels."""
    tf = pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)
    from tfcomp.export.tflite import convert

    class Darker(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8, name="image")])
        def enhance(self, image):
            darker = tf.maximum(tf.cast(image, tf.float32) - 10.0, 0.0)
            return {"image": tf.cast(tf.round(darker), tf.uint8)}

    path = tmp_path_factory.mktemp("filter") / "filter.tflite"
    path.write_bytes(convert(Darker(), "enhance"))
    return path


@pytest.fixture
def learned(network, monkeypatch):
    monkeypatch.setenv(learned_filter.ENVIRONMENT_VARIABLE, str(network))
    return network


@pytest.fixture
def noisy(photographs):
    """(original, the same with noise of 8 grey levels)"""
    image = photographs["coffee.png"][:64, :64]
    noise = np.random.default_rng(0).normal(0, 8, image.shape)
    return image, np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", DENOISERS)
def test_a_denoiser_takes_noise_away_at_the_strength_chosen_for_it(name, noisy):
    strength = best_strength(FILTERS[name], [noisy])
    assert strength is not None
    gain = psnr(noisy[0], FILTERS[name](noisy[1], strength)) - psnr(*noisy)
    assert gain > 1


def test_unsharp_masking_sharpens_every_colour(noisy):
    from skimage.filters import gaussian

    original = noisy[0]
    blurred = np.rint(gaussian(original, 0.7, channel_axis=2, preserve_range=True))
    blurred = blurred.astype(np.uint8)
    sharper = FILTERS["unsharp"](blurred, 0.5)
    for colour in range(3):
        before, after = (psnr(original[..., colour], x[..., colour]) for x in (blurred, sharper))
        assert after > before + 0.3


def test_a_strength_is_the_best_on_the_training_pictures_and_never_asked_of_none(noisy):
    asked = []

    def darker(picture, strength):
        asked.append(strength)
        return picture - np.uint8(strength)

    bright = noisy[0] // 2 + 60
    pairs = [(bright - np.uint8(7), bright)]
    made = PostFilter("darker", "", (1, 4, 6, 9, 12), darker)
    assert best_strength(made, pairs) == 6
    assert asked == [1, 4, 6, 9]  # no further once it is clearly worse
    assert best_strength(FILTERS["none"], pairs) is None


def test_the_learned_filter_runs_on_any_size_and_in_tiles(learned, monkeypatch, photographs):
    picture = np.maximum(photographs["coffee.png"][:61, :75], 20)
    result = LearnedFilter.installed().run(picture)
    assert result.shape == picture.shape and result.dtype == np.uint8
    assert np.abs(result.astype(int) - picture + 10).max() <= 1
    monkeypatch.setattr("tfcomp.networks.tiles.TILE_PIXELS", 32)
    assert np.array_equal(LearnedFilter.installed().run(picture), result)


def test_the_shipped_filter_repairs_what_jpeg_has_coded(monkeypatch, photographs):
    monkeypatch.delenv(learned_filter.ENVIRONMENT_VARIABLE, raising=False)
    picture = photographs["astronaut.png"]
    decoded = JPEG.decode(JPEG.encode(picture, 20))
    assert psnr(picture, LearnedFilter.installed().run(decoded)) > psnr(picture, decoded) + 0.3


def test_without_a_learned_network_the_error_says_how_to_make_one(monkeypatch, tmp_path):
    monkeypatch.setenv(learned_filter.ENVIRONMENT_VARIABLE, str(tmp_path / "none.tflite"))
    with pytest.raises(CodecError, match="lab.post_filter"):
        chosen_filters(["learned"])


def test_settings_are_those_nearest_to_the_rates():
    def measured(quality, bpp):
        return Measurement("mean", quality, 1, bpp, 30, None, None, 1, 1, 1, 1)

    means = [measured(1, 0.1), measured(2, 0.3), measured(3, 0.6), measured(4, 2.0)]
    assert settings_near(means) == [2, 3]  # 0.6 is nearest to 0.5 and to 1 bits/pixel
    assert settings_near(means[:1]) == [1]


def test_strengths_are_never_chosen_on_the_measured_images(folder, tmp_path):
    for training in (folder, folder / "more", tmp_path):
        with pytest.raises(CodecError, match="not chosen on the images that are measured"):
            training_crops(training, folder)
    described, crops = training_crops(None, folder)
    assert "astronaut" in described and all(crop.shape == (128, 128, 3) for crop in crops)


def test_rows_measure_the_filtered_pictures(learned, folder, photographs):
    training = [photographs["coffee.png"][:48, :48]]
    files = [folder / "astronaut.png"]
    filters = chosen_filters(["tv", "learned"])
    steps = []
    rows = compare(JPEG, 10, filters, training, files, on_step=lambda: steps.append(1))
    assert [row.filter for row in rows] == ["none", "tv", "learned"] and len(steps) == 3
    original = photographs["astronaut.png"]
    data = JPEG.encode(original, 10)
    decoded = JPEG.decode(data)
    none, tv, dark = rows
    assert none.bpp == pytest.approx(8 * len(data) / (192 * 200))
    assert none.psnr == pytest.approx(psnr(original, decoded))
    assert tv.psnr == pytest.approx(psnr(original, FILTERS["tv"](decoded, tv.strength)))
    assert tv.psnr > none.psnr > dark.psnr + 2
    assert tv.ms_ssim is not None and tv.lpips is None
    assert tv.seconds_per_mpx > none.seconds_per_mpx


def test_the_benchmark_compares_filters_behind_every_codec(
    installed, learned, tmp_path, photographs, capsys
):
    images, training = tmp_path / "images", tmp_path / "training"
    for place, name in ((images, "coffee.png"), (training, "astronaut.png")):
        place.mkdir()
        Image.fromarray(photographs[name][:64, :64]).save(place / name)
    out = tmp_path / "out"
    flags = ["--models", "tiny", "--codecs", "jpeg", "--repeats", "1", "--pictures", "0"]
    flags += ["--enhance", "tv,learned", "--enhance-training", str(training), "--out", str(out)]
    assert main(["benchmark", str(images), *flags]) == 0
    printed = capsys.readouterr().out
    assert f"strengths chosen on 1 pictures of {training}" in printed
    assert "| filter | strength | PSNR dB | gain |" in printed
    found = json.loads((out / "results.json").read_text())["enhancement"]
    assert list(found["filters"]) == ["none", "tv", "learned"]
    assert {row["codec"] for row in found["rows"]} == {"tiny", "jpeg"}
    for row in found["rows"]:
        assert (row["strength"] is not None) == (row["filter"] == "tv")
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "<h2>Post-filters</h2>" in page and "denoise_tv_chambolle" in page


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--enhance", "magic"], "unknown filter 'magic'"),
        (["--enhance", "tv", "--enhance-training", "IMAGES"], "not chosen on the images"),
        (["--enhance", "tv", "--enhance-training", "NOWHERE"], "is not a folder"),
    ],
)
def test_filters_that_cannot_be_compared_are_one_line_and_exit_code_2(
    flags, words, folder, tmp_path, capsys
):
    places = {"IMAGES": str(folder), "NOWHERE": str(tmp_path / "nowhere")}
    flags = [places.get(flag, flag) for flag in flags]
    flags += ["--models", "", "--codecs", "jpeg", "--out", str(tmp_path / "out")]
    assert main(["benchmark", str(folder), *flags]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
