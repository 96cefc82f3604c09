"""Folders in, folders out."""

import json
import os

import numpy as np
import pytest
from PIL import Image

import tfcomp
from tests.bundle_factory import photo
from tfcomp.cli import main


@pytest.fixture(autouse=True)
def workplace(installed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in" / "deep" / "er").mkdir(parents=True)
    for i, name in enumerate(["a.png", "b.JPG", "deep/c.webp", "deep/er/d.bmp"]):
        Image.fromarray(photo(8 + i, 9)).save(f"in/{name}")
    (tmp_path / "in" / "notes.txt").write_text("left alone")
    return tmp_path


def files(folder: str) -> list:
    return sorted(
        os.path.relpath(os.path.join(parent, file), folder)
        for parent, _, names in os.walk(folder)
        for file in names
    )


def compress(*arguments: str) -> int:
    return main(["compress", "--model", "tiny", *arguments])


def test_a_tree_is_kept_both_ways(capsys):
    assert compress("in", "out") == 0
    assert files("out") == ["a.tfcomp", "b.tfcomp", "deep/c.tfcomp", "deep/er/d.tfcomp"]
    captured = capsys.readouterr()
    assert captured.out.splitlines()[-1].startswith("4 files: ")
    assert captured.err == ""
    assert main(["decompress", "out", "back/again", "--format", "bmp"]) == 0
    assert files("back/again") == ["a.bmp", "b.bmp", "deep/c.bmp", "deep/er/d.bmp"]
    decoded = np.asarray(Image.open("back/again/deep/er/d.bmp"))
    np.testing.assert_array_equal(decoded, tfcomp.decompress("out/deep/er/d.tfcomp"))


def test_without_a_name_the_files_go_beside_the_folder_and_never_into_it():
    before = files("in")
    assert compress("in/") == 0
    assert files("in") == before
    assert len(files("in-tfcomp")) == 4
    assert main(["decompress", "in-tfcomp"]) == 0
    assert len(files("in-tfcomp-png")) == 4


def test_one_bad_file_is_reported_and_counted_and_the_others_are_done(workplace, capsys):
    (workplace / "in" / "bad.png").write_text("not a picture")
    (workplace / "in" / "deep" / "empty.jpg").write_bytes(b"")
    assert compress("in", "out") == 2
    assert len(files("out")) == 4
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert all(line.startswith("tfcomp: ") for line in errors)
    assert "in/bad.png is not an image" in errors[0]
    assert errors[-1] == "tfcomp: 2 of 6 files failed"

    (workplace / "out" / "a.tfcomp").write_bytes(b"\x89TC broken")
    assert main(["decompress", "out", "back"]) == 2
    assert len(files("back")) == 3
    assert capsys.readouterr().err.startswith("tfcomp: out/a.tfcomp: ")


def test_existing_files_are_kept_without_force(workplace, capsys):
    (workplace / "out").mkdir()
    (workplace / "out" / "a.tfcomp").write_text("mine")
    assert compress("in", "out") == 2
    assert (workplace / "out" / "a.tfcomp").read_text() == "mine"
    assert "--force" in capsys.readouterr().err
    assert compress("in", "out", "--force") == 0
    assert (workplace / "out" / "a.tfcomp").read_bytes()[:3] == b"\x89TC"


def test_pictures_that_differ_only_in_their_ending_get_names_of_their_own():
    for name in ("a.jpg", "a.png.bmp", "deep/c.png"):
        Image.fromarray(photo(5, 5)).save(f"in/{name}")
    assert compress("in", "out") == 0
    assert len(files("out")) == 7
    assert {"a.jpg.tfcomp", "a.png.tfcomp"} <= set(files("out"))


def test_json_has_one_line_a_file(capsys):
    assert compress("in", "out", "--json") == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["input"] for record in records] == [
        "in/a.png",
        "in/b.JPG",
        "in/deep/c.webp",
        "in/deep/er/d.bmp",
    ]


def test_folders_and_files_that_do_not_go_together_are_said(workplace, capsys):
    (workplace / "file").write_text("x")
    (workplace / "nothing").mkdir()
    for arguments, words in [
        (("in", "-"), "name a folder"),
        (("in", "file"), "name a folder"),
        (("in", "file/sub"), "file"),
        (("nothing", "out"), "holds no files"),
    ]:
        assert compress(*arguments) == 2
        assert words in capsys.readouterr().err
    assert (workplace / "file").read_text() == "x"
