"""The seed's three figures, on small photographs and the tiny bundle."""

import dataclasses
import json

import numpy as np
import pytest

from lab import seed_figures
from lab.seed_figures import Figures, compare, markdown, no_smaller_setting
from tfcomp.evaluation.classical import JPEG, WEBP
from tfcomp.evaluation.contestants import Model
from tfcomp.evaluation.metrics import psnr


def _figures(quality, ratio, decibels):
    return Figures("tiny", quality, ratio, decibels, None, 1, 1, 1, 1)


def test_the_command_writes_figures_that_follow_their_definitions(
    installed, folder, tmp_path, photographs, capsys
):
    flags = ["--markdown", str(tmp_path / "t.md"), "--json", str(tmp_path / "t.json")]
    assert seed_figures.main([str(folder), "--model", "tiny", *flags]) == 0
    assert capsys.readouterr().out == (tmp_path / "t.md").read_text()
    found = json.loads((tmp_path / "t.json").read_text())
    model, images = Model("tiny"), list(photographs.values())
    assert found["images"] == ["astronaut.png", "more/coffee.png"]
    assert found["fingerprint"] == model.codec.bundle.manifest.fingerprint
    assert [row["model"]["quality"] for row in found["rows"]] == [1, 2]
    for row in found["rows"]:
        own, jpeg = row["model"], row["jpeg"]
        files = [model.encode(image, own["quality"]) for image in images]
        assert own["ratio"] == pytest.approx(sum(i.size for i in images) / sum(map(len, files)))
        expected = [psnr(image, model.decode(data)) for image, data in zip(images, files)]
        assert own["psnr"] == pytest.approx(np.mean(expected))
        assert own["ms_ssim"] is None  # one picture is too small
        assert jpeg["codec"] == "jpeg" and jpeg["psnr"] > 20
        for name in ("encode_seconds", "decode_seconds", "encode_cpu_seconds"):
            assert own[name] > 0


def test_time_is_told_for_a_hundred_images(installed, photographs, monkeypatch):
    clock = iter(range(10**6))
    monkeypatch.setattr(seed_figures.time, "perf_counter", lambda: float(next(clock)))
    monkeypatch.setattr(seed_figures.time, "process_time", lambda: 0.0)
    found = seed_figures.measure(Model("tiny"), 1, list(photographs.values()))
    assert found.encode_seconds == found.decode_seconds == 100  # a second an image
    assert found.encode_cpu_seconds == 0


def test_the_jpeg_beside_is_the_smallest_that_is_no_smaller():
    sizes = {setting: 100 + 10 * setting for setting in range(1, 101)}
    assert no_smaller_setting(sizes.get, 100, 500) == 40
    assert no_smaller_setting(sizes.get, 100, 501) == 41
    assert no_smaller_setting(sizes.get, 100, 5) == 1
    assert no_smaller_setting(sizes.get, 100, 10**6) == 100


def test_the_table_says_whether_the_claim_is_beaten():
    jpeg = _figures(50, 9, 30)
    beaten = markdown([(_figures(1, 20, 25), jpeg), (_figures(2, 5, 40), jpeg)], "heading")
    assert "1 of 2 qualities beat the claim in ratio and in PSNR; quality 1 by 4.0 dB" in beaten
    assert "| the claim | 5.33x | 21 |" in beaten
    assert "No quality reaches" in markdown([(_figures(1, 5, 40), jpeg)], "heading")


def test_the_jpeg_beside_a_quality_takes_as_many_bytes_and_hardly_more(photographs):
    images = list(photographs.values())
    codec = dataclasses.replace(WEBP, qualities=(10, 60))
    pairs = compare(codec, images)
    assert [own.quality for own, _ in pairs] == [10, 60]
    for own, jpeg in pairs:
        assert jpeg.codec == "jpeg" and jpeg.ratio <= own.ratio
        target = sum(len(WEBP.encode(image, own.quality)) for image in images)
        assert sum(len(JPEG.encode(image, jpeg.quality - 1)) for image in images) < target
        assert jpeg.psnr < own.psnr


@pytest.mark.parametrize(
    ("flags", "words"),
    [("EMPTY", "no images"), ("IMAGES --limit 0", "--limit"), ("IMAGES --model x", "no model")],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    flags, words, installed, folder, tmp_path, capsys
):
    (tmp_path / "empty").mkdir()
    line = flags.replace("EMPTY", str(tmp_path / "empty")).replace("IMAGES", str(folder))
    arguments = line.split()
    if "--model" not in arguments:
        arguments += ["--model", "tiny"]
    assert seed_figures.main(arguments) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
