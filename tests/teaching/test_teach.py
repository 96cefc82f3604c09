"""`tfcomp teach` from a folder of pictures to an installed model, on a tiny one."""

import json
import re

import numpy as np
import pytest
import yaml
from PIL import Image

import tfcomp
from tests import bundle_factory
from tfcomp.cli import main

pytest.importorskip("tensorflow")
pytest.importorskip("bjontegaard")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans") / "scans"
    (folder / "below").mkdir(parents=True)
    for number in range(12):
        pixels = bundle_factory.photo(96, 128, seed=number)
        Image.fromarray(pixels).save(folder / ("below" if number % 2 else ".") / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def taught(pictures, tiny_run, tmp_path_factory):
    out = tmp_path_factory.mktemp("taught") / "scans-model"
    flags = ["--from", str(tiny_run), "--minutes", "0.05", "--codecs", "jpeg"]
    assert main(["teach", str(pictures), "--out", str(out), *flags]) == 0
    return out


def test_the_model_is_installed_and_its_files_decode(taught, pictures):
    picture = next(pictures.glob("*.png"))
    data = tfcomp.load("scans-model").compress(picture)
    assert tfcomp.decompress(data).shape == (96, 128, 3)


def test_what_was_measured_was_not_learnt_from(taught, pictures):
    held_out = sorted(path.name.partition("-")[2] for path in (taught / "held-out").iterdir())
    assert len(held_out) == 3
    results = json.loads((taught / "report" / "results.json").read_text())
    assert sorted(name.partition("-")[2] for name in results["images"]) == held_out
    untaught = str(taught / "untaught")
    assert [e["name"] for e in results["entries"]] == ["scans-model", untaught, "jpeg"]
    assert (taught / "report" / "report.html").stat().st_size > 10_000


def test_the_manifest_and_the_installed_one_say_what_was_measured(taught):
    manifest = json.loads((taught / "bundle" / "manifest.json").read_text())
    assert "3 pictures" in manifest["measured"] and "against jpeg" in manifest["measured"]
    installed = tfcomp.load("scans-model").bundle.manifest
    assert installed.fingerprint == manifest["fingerprint"]


def test_the_course_begins_with_nothing_gained(taught):
    looks = json.loads((taught / "course.json").read_text())
    assert looks[0] == {"minutes": 0.0, "steps": 0, "gain": 0.0}
    assert looks[-1]["steps"] > 0


def test_the_recipe_trains_the_same_again(taught, tmp_path):
    recipe = yaml.safe_load((taught / "recipe.yaml").read_text())
    assert recipe["data"]["source"].endswith("scans")
    steps = json.loads((taught / "course.json").read_text())[-1]["steps"]
    assert recipe["training"]["steps"] == steps
    (tmp_path / "recipe.yaml").write_text((taught / "recipe.yaml").read_text())
    flags = ["--config", str(tmp_path / "recipe.yaml"), "--steps", "2"]
    assert main(["train", *flags, "--out", str(tmp_path / "run")]) == 0


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--from", "nowhere"], "no run to start from"),
        (["--minutes", "0"], "--minutes takes more than 0"),
        (["--shrink", "3"], "--shrink takes"),
        (["--codecs", "jpg"], "jpg"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_nothing_is_left(
    pictures, tiny_run, tmp_path, capsys, flags, words
):
    begin = [] if "--from" in flags else ["--from", str(tiny_run)]
    code = main(["teach", str(pictures), "--out", str(tmp_path / "m"), *begin, *flags])
    error = capsys.readouterr().err
    assert code == 2 and words in error and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_rate_falls_with_the_errors_that_are_allowed(tmp_path):
    from tfcomp.teaching.teaching import Plan

    def peak(**settings):
        return Plan("scans", tmp_path, (), **settings).peak_rate

    assert peak() == 1e-3 and peak(raise_psnr=-10) == 1e-3
    assert peak(raise_psnr=15) == pytest.approx(2.5e-4, rel=0.01)
    assert peak(raise_psnr=15, learning_rate=2e-3) == 2e-3


def test_too_few_pictures_are_refused(tiny_run, tmp_path, capsys):
    (tmp_path / "few").mkdir()
    for number in range(4):
        Image.new("RGB", (64, 64)).save(tmp_path / "few" / f"{number}.png")
    flags = ["--out", str(tmp_path / "m"), "--from", str(tiny_run)]
    assert main(["teach", str(tmp_path / "few"), *flags]) == 2
    assert "4 pictures: a codec needs 8 or more" in capsys.readouterr().err


def test_a_name_that_is_taken_is_refused(taught, pictures, tiny_run, tmp_path, capsys):
    out = tmp_path / "scans-model"
    assert main(["teach", str(pictures), "--out", str(out), "--from", str(tiny_run)]) == 2
    assert "tfcomp install --remove scans-model" in capsys.readouterr().err


def test_a_scene_is_taught_part_by_part(tiny_run, tmp_path):
    scene = np.concatenate([bundle_factory.photo(96, 1200, seed=seed) for seed in range(3)])
    np.save(tmp_path / "scene.npy", scene)
    out = tmp_path / "scene-model"
    flags = ["--from", str(tiny_run), "--minutes", "0.02", "--codecs", "jpeg", "--no-install"]
    assert main(["teach", str(tmp_path / "scene.npy"), "--out", str(out), *flags]) == 0
    assert len(list((out / "held-out").iterdir())) >= 3
    recipe = yaml.safe_load((out / "recipe.yaml").read_text())
    assert recipe["data"]["source"] == f"folder:{tmp_path / 'scene.npy'}"


@pytest.mark.parametrize(
    "array, words",
    [
        (np.zeros([20, 3, 64, 64], np.uint8), "channels come first"),
        (np.zeros([20, 64, 64, 3]), "float64 is no picture"),
    ],
)
def test_arrays_of_another_kind_are_refused_and_nothing_is_left(
    tiny_run, tmp_path, capsys, array, words
):
    np.save(tmp_path / "odd.npy", array)
    flags = ["--out", str(tmp_path / "m"), "--from", str(tiny_run), "--codecs", "jpeg"]
    assert main(["teach", str(tmp_path / "odd.npy"), *flags]) == 2
    error = capsys.readouterr().err
    assert re.search(f"odd.npy.*{words}", error.splitlines()[-1])
    assert [path.name for path in tmp_path.iterdir()] == ["odd.npy"]
