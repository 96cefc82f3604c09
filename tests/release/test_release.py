"""`tfcomp release`: one command makes a bundle that is tuned, measured and described."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from PIL import Image

import tfcomp
from tests import bundle_factory, hyperprior_export, hyperprior_factory
from tfcomp import config as config_module
from tfcomp.cli import main
from tfcomp.config import recipe as recipe_module
from tfcomp.runtime.bundle import Bundle

LAMBDAS = (0.0005, 0.02)  # of hyperprior_factory.tiny_config


def write_pictures(folder, count, height, width, seed):
    folder.mkdir(parents=True)
    pictures = [bundle_factory.photo(height, width, seed=seed + n) for n in range(count)]
    for number, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def pixels_of(folder):
    return [np.asarray(Image.open(path)) for path in sorted(folder.glob("*.png"))]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The run folder of a tiny model with a hyperprior."""
    return hyperprior_export.make_run(tmp_path_factory.mktemp("runs") / "tiny")


@pytest.fixture(scope="module")
def to_measure(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures") / "measured", 2, 180, 192, seed=0)


@pytest.fixture(scope="module")
def to_tune_on(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures") / "known", 2, 64, 96, seed=7)


@pytest.fixture(scope="module")
def flags(run, to_measure, to_tune_on):
    return [
        *("release", str(run), "--measure", str(to_measure), "--tune", str(to_tune_on)),
        *("--codecs", "", "--rounds", "1", "--name", "hyper"),
    ]


@pytest.fixture(scope="module")
def released(flags, tmp_path_factory):
    out = tmp_path_factory.mktemp("releases") / "first"
    assert main([*flags, "--out", str(out)]) == 0
    return out


def read(bundle, name="manifest.json"):
    return json.loads((bundle / name).read_text(encoding="utf-8"))


def test_the_manifest_and_the_card_say_what_results_json_holds(released):
    manifest, results = read(released), read(released, "results.json")
    names = [entry["name"] for entry in results["entries"]]
    assert names == ["hyper", "hyper@1", "jpeg"]
    means = results["entries"][0]["mean"]
    assert [point["quality"] for point in manifest["rate_distortion"]] == [1, 2]
    for point, mean in zip(manifest["rate_distortion"], means):
        assert point == {key: mean[key] for key in ("quality", "bpp", "psnr", "ms_ssim")}
    card = (released / "README.md").read_text()
    for mean in means:
        assert f"| {mean['quality']} | {mean['bpp']:.4f} | {mean['psnr']:.2f} |" in card
    assert "measured (2 pictures), whole files, decoded 8-bit pixels" in manifest["measured"]
    assert manifest["measured"] in card


def test_the_figures_are_those_of_the_released_bundles_files(released, to_measure):
    codec, results = tfcomp.load(released), read(released, "results.json")
    images = pixels_of(to_measure)
    for rounds, entry in zip((0, 1), results["entries"]):
        for mean in entry["mean"]:
            files = [codec.compress(each, mean["quality"], feedback=rounds) for each in images]
            rates = [8 * len(data) / each[..., 0].size for data, each in zip(files, images)]
            assert mean["bpp"] == pytest.approx(np.mean(rates))
            assert all(codec.decompress(f).shape == i.shape for f, i in zip(files, images))


def test_tuning_makes_no_quality_worse_and_says_what_it_costs(released, to_tune_on):
    record, codec = read(released)["tuning"], tfcomp.load(released)
    assert record["objective"] == "bits/pixel + lambda * squared error"
    assert record["pictures"].startswith("2 pictures of images of known")
    for cost in record["costs"]:
        assert cost["plain"] <= cost["plain_before"]
        assert cost["searched"] <= cost["searched_before"]
        found = []
        for image in pixels_of(to_tune_on):
            data = codec.compress(image, cost["quality"])
            error = np.mean(np.square(codec.decompress(data) - image.astype(np.float64)))
            rate = 8 * len(data) / image[..., 0].size
            found.append(rate + LAMBDAS[cost["quality"] - 1] * error)
        assert cost["plain"] == pytest.approx(np.mean(found), rel=1e-5)
    gained = [cost["searched"] < cost["searched_before"] for cost in record["costs"]]
    assert any(gained), "random numbers are the best there are"


def test_a_second_release_is_the_same_bytes(released, flags, tmp_path):
    assert main([*flags, "--out", str(tmp_path / "second")]) == 0
    for path in released.iterdir():
        assert (tmp_path / "second" / path.name).read_bytes() == path.read_bytes(), path.name


def test_the_bundle_is_whole_and_sealed_and_says_how_it_was_made(released, run):
    assert Bundle.read(released, sealed=True).manifest.name == "hyper"
    packages = read(released)["environment"]["packages"]
    assert packages["tfcomp"] == tfcomp.__version__ and "numpy" in packages
    card = (released / "README.md").read_text()
    for words in ("- seed: 1", "- data: sample", f"tfcomp {tfcomp.__version__}", "## Encoder"):
        assert words in card
    for text in (card, (released / "results.json").read_text()):
        assert str(run.parent) not in text and "mpx_s" not in text


def test_thumbnails_are_fitted_to_the_pictures_to_tune_on(released, to_tune_on):
    codec = tfcomp.load(released)
    assert codec.bundle.manifest.thumbnail_channels and codec.thumbnail is not None
    picture = pixels_of(to_tune_on)[0]
    small = codec.decompress(codec.compress(picture, quality=2), scale=4)
    wanted = np.asarray(Image.fromarray(picture).reduce(4), float)
    errors = [np.mean((found - wanted) ** 2) for found in (small, wanted.mean((0, 1)))]
    assert errors[0] < errors[1] / 2, "no better than one colour"


def test_without_tuning_the_runs_own_numbers_stay(run, to_measure, tmp_path):
    out = tmp_path / "own"
    flags = ["--no-tune", "--codecs", "", "--rounds", "", "--quantize", "none", "--out", str(out)]
    flags += ["--thumbnail-pictures", "0"]
    assert main(["release", str(run), "--measure", str(to_measure), *flags]) == 0
    assert not (out / "thumbnail.tflite").exists()
    tuning = hyperprior_factory.tiny_config().model.tuning
    assert tfcomp.load(out).bundle.tuning == tuning
    assert read(out)["distortion_weights"] == [12.0, 40.0] and "tuning" not in read(out)
    assert [entry["name"] for entry in read(out, "results.json")["entries"]] == ["own", "jpeg"]


def test_a_run_without_a_hyperprior_has_nothing_to_tune_and_is_released(
    tiny_run, to_measure, tmp_path, capsys
):
    out = tmp_path / "plain"
    flags = ["--measure", str(to_measure), "--codecs", "", "--out", str(out)]
    assert main(["release", str(tiny_run), *flags]) == 0
    assert "nothing to tune: its entropy model, 'factorized'" in capsys.readouterr().err
    image = pixels_of(to_measure)[0]
    codec = tfcomp.load(out)
    assert codec.decompress(codec.compress(image)).shape == image.shape


def test_words_and_history_come_from_the_run_and_options_replace_them(run, to_measure, tmp_path):
    copy = shutil.copytree(run, tmp_path / "run")
    settings = config_module.to_dict(config_module.load(copy / "config.yaml"))
    settings["release"] = {"terms": "CC0", "sources": "12 photographs, CC0", "authors": "N. N."}
    config = config_module.from_dict(settings)
    (copy / "config.yaml").write_text(config_module.dump(config))
    longer = dataclasses.replace(config.training, steps=4000, seed=9)
    phases = (
        recipe_module.Phase("transforms", dataclasses.replace(config, training=longer)),
        recipe_module.Phase("finish", config),
    )
    (copy / "recipe.yaml").write_text(recipe_module.dump(recipe_module.Recipe(phases)))
    out = tmp_path / "out"
    flags = ["--no-tune", "--codecs", "", "--rounds", "", "--terms", "MIT", "--out", str(out)]
    assert main(["release", str(copy), "--measure", str(to_measure), *flags]) == 0
    manifest = read(out)
    assert (manifest["licence"], manifest["authors"]) == ("MIT", "N. N.")
    assert manifest["training"]["data"] == "12 photographs, CC0"
    by = f"{config.optimizer.name}, learning rate {config.optimizer.learning_rate:g}"
    line = f"4,000 steps, 2 crops of 64x64, {by}, {config.training.precision} precision, seed 9"
    assert manifest["training"]["phase 1, transforms"] == line
    assert f"phase 1, transforms: {line}" in (out / "README.md").read_text()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"run": "missing"}, "is not a run folder"),
        ({"--measure": "missing"}, "is not a folder"),
        ({"--measure": "empty"}, "no images in"),
        ({"--out": "empty"}, "exists already: give another --out"),
        ({"--tune": "measured"}, "is one of the pictures to tune on"),
        ({"--tune": "empty"}, "there is no image file in it"),
        ({"--tune-pictures": "0"}, "--tune-pictures and --rounds take 1 or more"),
        ({"--thumbnail-pictures": "-1"}, "--thumbnail-pictures takes 0 or more"),
        ({"--rounds": "few"}, "--rounds takes whole numbers"),
        ({"--codecs": "jpg"}, "unknown codec 'jpg'"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_nothing_is_written(
    changes, words, run, to_measure, to_tune_on, tmp_path, capsys
):
    (tmp_path / "empty").mkdir()
    places = {"measured": to_measure, "empty": tmp_path / "empty", "missing": tmp_path / "none"}
    given = {
        "run": run, "--measure": to_measure, "--tune": to_tune_on, "--out": tmp_path / "out",
        **{option: places.get(value, value) for option, value in changes.items()},
    }  # fmt: skip
    line = ["release", str(given.pop("run"))]
    assert main([*line, *(str(word) for pair in given.items() for word in pair)]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_training_data_that_is_gone_is_replaced_by_other_pictures_or_named(
    run, to_measure, tmp_path, capsys
):
    copy = shutil.copytree(run, tmp_path / "run")
    text = (copy / "config.yaml").read_text()
    assert "source: sample" in text
    (copy / "config.yaml").write_text(text.replace("source: sample", "source: folder:gone"))
    out = tmp_path / "out"
    assert main(["release", str(copy), "--measure", str(to_measure), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert "gone does not exist" in error and "give pictures after --tune, or --no-tune" in error
    assert not out.exists()


def test_a_release_that_fails_on_the_way_leaves_nothing(flags, tmp_path, monkeypatch, capsys):
    from tfcomp.evaluation import benchmark

    def fail(*_):
        raise tfcomp.CodecError("no room left")

    monkeypatch.setattr(benchmark, "run", fail)
    assert main([*flags, "--no-tune", "--out", str(tmp_path / "out")]) == 2
    assert "no room left" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
