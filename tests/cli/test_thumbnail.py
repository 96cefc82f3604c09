"""Thumbnails, as file managers ask for them."""

import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tfcomp
from tests.bundle_factory import photo
from tests.conftest import ROOT
from tfcomp.cli import main

DESKTOP = ROOT / "examples" / "desktop"


@pytest.fixture(autouse=True)
def workplace(installed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b.tfcomp").write_bytes(tfcomp.load("tiny").compress(photo(60, 90), quality=1))


def test_a_thumbnail_keeps_the_shape_of_the_picture():
    assert main(["thumbnail", "a b.tfcomp", "small.png", "--size", "30"]) == 0
    with Image.open("small.png") as small:
        assert (small.format, small.size) == ("PNG", (30, 20))


def test_a_thumbnail_is_never_larger_than_the_picture():
    assert main(["thumbnail", "a b.tfcomp", "small.png"]) == 0
    assert Image.open("small.png").size == (90, 60)


def test_the_line_of_the_thumbnailer_file_works():
    (line,) = [
        text.partition("=")[2]
        for text in (DESKTOP / "tfcomp.thumbnailer").read_text().splitlines()
        if text.startswith("Exec=")
    ]
    names = {"%s": "64", "%i": "a b.tfcomp", "%o": "out.png"}
    command = [names.get(word, word) for word in shlex.split(line)]
    assert command[0] == "tfcomp" and main(command[1:]) == 0
    assert Image.open("out.png").size == (64, 43)


def test_a_file_that_is_held_open_gets_the_thumbnail():
    with open("held.png", "w+b") as held:
        assert main(["thumbnail", "a b.tfcomp", "held.png"]) == 0
        assert Image.open(held).size == (90, 60)


@pytest.mark.parametrize(
    "arguments",
    [["missing.tfcomp", "o.png"], ["a b.tfcomp", "no/o.png"], ["a b.tfcomp", "-s0", "o"]],
)
def test_what_cannot_be_done_is_one_line(arguments, capsys):
    assert main(["thumbnail", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_file_knows_the_magic():
    if not shutil.which("file"):
        pytest.skip("file(1) is not installed; to run it: apt-get install file")
    call = ["file", "--brief", "--mime-type", "-m", DESKTOP / "tfcomp.magic", "a b.tfcomp"]
    assert subprocess.check_output(call, text=True).strip() == "image/x-tfcomp"


def test_small_pictures_come_straight_from_latents_where_the_model_can(monkeypatch):
    codec = tfcomp.load("cycle-small")
    Path("large.tfcomp").write_bytes(codec.compress(photo(200, 300), quality=5))
    whole = tfcomp.decompress("large.tfcomp")
    run = []
    decode = type(codec).decode_picture
    monkeypatch.setattr(
        type(codec),
        "decode_picture",
        lambda *given, scale=1: run.append(scale) or decode(*given, scale=scale),
    )
    for size, scale in ((18, 8), (37, 4), (60, 1)):
        assert main(["thumbnail", "large.tfcomp", "small.png", "--size", str(size)]) == 0
        assert run.pop() == scale
        with Image.open("small.png") as small:
            assert small.size == (size, round(size * 2 / 3))
            wanted = np.asarray(Image.fromarray(whole).resize(small.size, Image.Resampling.LANCZOS))
            assert np.abs(np.asarray(small, float) - wanted).mean() < 3
