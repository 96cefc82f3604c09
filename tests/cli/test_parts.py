"""Tiles, regions, small pictures and files that break off, on the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tfcomp
from tests.bundle_factory import photo
from tfcomp.cli import main


@pytest.fixture(autouse=True)
def picture(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pixels = photo(200, 300)
    Image.fromarray(pixels).save("photo.png")
    assert main(["compress", "photo.png", "-m", "cycle-small", "--tiles", "128"]) == 0
    return pixels


def decompressed(*options):
    assert main(["decompress", "photo.tfcomp", "-o", "out.png", *options]) == 0
    return np.asarray(Image.open("out.png"))


def test_tiles_are_written_and_a_region_is_read(capsys):
    assert Path("photo.tfcomp").read_bytes()[3] == 2
    whole = decompressed()
    np.testing.assert_array_equal(decompressed("--region", "100,20,60,90"), whole[20:110, 100:160])
    capsys.readouterr()
    decompressed("--region", "0,0,9,9", "--json")
    assert json.loads(capsys.readouterr().out)["bits_per_pixel"] is None


def test_a_small_picture_is_written():
    assert decompressed("--scale", "4").shape == (50, 75, 3)


def test_a_file_that_breaks_off_is_taken_where_that_is_allowed(capsys, picture):
    data = tfcomp.load("cycle-small").compress(picture, 5)
    Path("photo.tfcomp").write_bytes(data[: 3 * len(data) // 4])
    assert main(["decompress", "photo.tfcomp", "-o", "out.png"]) == 2
    assert decompressed("--partial").shape == (200, 300, 3)


@pytest.mark.parametrize(
    "options",
    [
        *[["--region", text] for text in ("1,2,3", "a,b,c,d", "", "0,0,0,0", "250,0,60,9")],
        *[["--scale", "3"], ["--scale", "2", "--region", "0,0,9,9"]],
    ],
)
def test_wrong_parts_are_refused(options, capsys):
    try:
        assert main(["decompress", "photo.tfcomp", "-o", "out.png", *options]) == 2
    except SystemExit as end:
        assert end.code == 2
    assert not Path("out.png").exists()
    assert capsys.readouterr().err


def test_a_wrong_side_is_refused_before_anything_is_compressed(capsys):
    assert main(["compress", "photo.png", "-o", "new.tfcomp", "--tiles", "100"]) == 2
    assert "multiple of 64" in capsys.readouterr().err
    assert not Path("new.tfcomp").exists()
