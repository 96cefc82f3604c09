"""`tfcomp teach` on pictures of other channels and depths, from an RGB model, on a tiny one."""

import json
import re

import numpy as np
import pytest
import yaml
from PIL import Image

import tfcomp
from tests import bundle_factory, needs
from tests.channels import pictures
from tfcomp.cli import main
from tfcomp.image_spec import ImageSpec
from tfcomp.runtime import installing

pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)
pytest.importorskip("bjontegaard", reason=needs.BJONTEGAARD)

SIZE = {"height": 96, "width": 128}


def lesson(source, run, out, *flags):
    """The exit code of a very short one."""
    begin = ["teach", str(source), "--out", str(out), "--from", str(run), "--minutes", "0.02"]
    return main([*begin, *flags])


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    folder = tmp_path_factory.mktemp("five") / "cells"
    folder.mkdir()
    for seed in range(10):
        np.save(folder / f"{seed}.npy", pictures.whole(seed, 5, 14, **SIZE))
    return folder


@pytest.fixture(scope="module")
def taught(five, tiny_run, tmp_path_factory, request):
    out = tmp_path_factory.mktemp("taught") / "cells-model"
    capture = request.getfixturevalue("capture")
    code, said = capture(lambda: lesson(five, tiny_run, out))
    assert code == 0
    return out, said


@pytest.fixture(scope="module")
def capture():
    """Runs something; gives what it returned and what it wrote."""
    import contextlib
    import io

    def run(function):
        written = io.StringIO()
        with contextlib.redirect_stdout(written), contextlib.redirect_stderr(written):
            found = function()
        return found, written.getvalue()

    return run


def test_it_says_what_the_pictures_are_and_how_it_starts(taught):
    said = taught[1]
    assert re.search(r"5 channels of 14 bits \(uint16, values to 1\d,\d{3}; --bits says", said)
    assert "of RGB of 8 bits; the kernel on pixels is made anew from principal comp" in said
    assert "untaught" not in said


def test_the_installed_model_codes_such_pictures(taught, five):
    image = np.load(five / "0.npy")
    codec = tfcomp.load("cells-model")
    assert codec.bundle.manifest.image == ImageSpec(5, 14)
    decoded = tfcomp.decompress(codec.compress(image))
    assert decoded.shape == image.shape and decoded.dtype == np.uint16


def test_held_out_pictures_are_kept_as_they_are_and_measured(taught, five):
    out, said = taught
    kept = sorted((out / "held-out").iterdir())
    assert len(kept) == 3
    for path in kept:
        original = np.load(five / path.name.partition("-")[2])
        assert np.array_equal(np.load(path), original)
    results = json.loads((out / "report" / "results.json").read_text())
    assert results["image"] == {"channels": 5, "colour": "none", "bits": 14}
    names = [entry["name"] for entry in results["entries"]]
    pytest.importorskip("imagecodecs")
    assert names == ["cells-model", "jpeg2000", "jxl"]
    assert "avif: does not hold 5 channels of 14 bits" in results["missing"]
    for name in names[1:]:
        assert re.search(f"against {name} .*(PSNR)", said)
    assert (out / "report" / "rd.png").stat().st_size > 5000
    assert "5 channels of 14 bits" in (out / "report" / "report.html").read_text()
    manifest = json.loads((out / "bundle" / "manifest.json").read_text())
    assert manifest["measured"].startswith(
        "held-out (3 pictures of 5 channels of 14 bits), whole files, PSNR by the samples' range"
    )


def test_the_gain_on_held_out_crops_is_by_the_range_of_the_samples(taught):
    looks = json.loads((taught[0] / "course.json").read_text())
    assert looks[0]["gain"] == 0 and np.isfinite(looks[-1]["gain"])


def test_the_recipe_trains_the_same_again_with_higher_qualities(five, tiny_run, tmp_path):
    out = tmp_path / "higher"
    flags = ["--raise-psnr", "10", "--codecs", "", "--no-install", "--bits", "16"]
    assert lesson(five, tiny_run, out, *flags) == 0
    recipe = yaml.safe_load((out / "recipe.yaml").read_text())
    start = yaml.safe_load((tiny_run / "config.yaml").read_text())
    for name in ("min_lambda", "max_lambda"):
        assert recipe["model"][name] == pytest.approx(10 * start["model"][name])
    assert recipe["model"]["image"]["bits"] == 16
    flags = ["--config", str(out / "recipe.yaml"), "--steps", "2"]
    assert main(["train", *flags, "--out", str(tmp_path / "run")]) == 0


def test_a_model_of_such_pictures_is_taught_further_and_measured_beside_itself(
    taught, five, tmp_path
):
    out = tmp_path / "further"
    assert lesson(five, taught[0] / "run", out, "--codecs", "jpeg2000", "--no-install") == 0
    results = json.loads((out / "report" / "results.json").read_text())
    assert results["entries"][1]["name"] == str(out / "untaught")


@pytest.mark.parametrize("channels", [1, 3], ids=["grey in PNG", "RGB in arrays"])
def test_screens_colours_of_16_bits(tiny_run, tmp_path, capsys, channels):
    (tmp_path / "scans").mkdir()
    for seed in range(9):
        image = pictures.whole(seed, channels, 16, **SIZE)
        if channels == 1:
            Image.fromarray(image[..., 0]).save(tmp_path / "scans" / f"{seed}.png")
        else:
            np.save(tmp_path / "scans" / f"{seed}.npy", image)
    out = tmp_path / "deep-scans"
    assert lesson(tmp_path / "scans", tiny_run, out, "--codecs", "jpeg2000") == 0
    said = capsys.readouterr().err
    assert ("the kernel on pixels is made anew" in said) == (channels == 1)
    try:
        codec = tfcomp.load("deep-scans")
        assert codec.bundle.manifest.image == ImageSpec(channels, 16)
        assert codec.decompress(codec.compress(image)).dtype == np.uint16
    finally:
        installing.remove("deep-scans")


def test_grey_photographs_become_a_grey_model_beside_all_codecs(tiny_run, tmp_path, capsys):
    (tmp_path / "grey").mkdir()
    for seed in range(9):
        image = Image.fromarray(bundle_factory.photo(96, 128, seed=seed)).convert("L")
        image.save(tmp_path / "grey" / f"{seed}.png")
    out = tmp_path / "model"
    assert lesson(tmp_path / "grey", tiny_run, out, "--codecs", "jpeg,webp", "--no-install") == 0
    assert "all are grey, and so is the model (--channels 3: RGB)" in capsys.readouterr().err
    assert Image.open(next((out / "held-out").iterdir())).mode == "L"
    results = json.loads((out / "report" / "results.json").read_text())
    assert [entry["name"] for entry in results["entries"]][1:] == ["jpeg", "webp"]
    assert results["entries"][1]["mean"][-1]["psnr"] > 38


def test_floats_with_a_range_and_weights_of_their_own(tiny_run, tmp_path, capsys):
    for seed in range(9):
        values = pictures.made(seed, 2, 8.0, **SIZE) - 2.0
        np.save(tmp_path / f"{seed}.npy", values.astype(np.float32))
    out = tmp_path / "m" / "model"
    flags = ["--range", "-2", "6", "--codecs", "jxl", "--no-install", "--anew"]
    assert lesson(tmp_path, tiny_run, out, *flags) == 0
    said = capsys.readouterr().err
    assert "2 channels of float32 from -2 to 6 (float32, values from " in said
    assert "starts anew in the shape of" in said
    recipe = yaml.safe_load((out / "recipe.yaml").read_text())
    assert not recipe["training"].get("start_from")
    results = json.loads((out / "report" / "results.json").read_text())
    assert results["image"] == {"channels": 2, "colour": "none", "range": [-2.0, 6.0]}
    assert np.load(next((out / "held-out").iterdir())).dtype == np.float32


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--channels", "4"], "is no picture of 4 channels"),
        (["--bits", "10"], "values from"),
        (["--bits", "20"], "bits are 8 to 16"),
        (["--range", "0", "1"], "--range is of float32 alone"),
        (["--raise-psnr", "400"], "--raise-psnr takes"),
    ],
)
def test_what_does_not_fit_is_said_in_a_line_and_nothing_is_left(
    five, tiny_run, tmp_path, capsys, flags, words
):
    assert lesson(five, tiny_run, tmp_path / "m", *flags) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_channel_that_never_changes_is_refused_and_nothing_is_left(tiny_run, tmp_path, capsys):
    for seed in range(9):
        image = pictures.whole(seed, 5, 12, **SIZE)
        image[..., 2] = 0
        np.save(tmp_path / f"{seed}.npy", image)
    assert lesson(tmp_path, tiny_run, tmp_path / "m", "--codecs", "") == 2
    assert "channel 3 of 5 is 0 in all of" in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "m").exists()
