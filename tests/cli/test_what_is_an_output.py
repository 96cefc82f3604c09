"""Nothing is taken for an output that may not have been meant as one."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tfcomp
from tests.bundle_factory import photo
from tfcomp.cli import main


@pytest.fixture(autouse=True)
def workplace(installed, tmp_path, monkeypatch):
    """A folder with three pictures, and one file made of a picture that is gone."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(["a.png", "b.png", "c.jpg"]):
        Image.fromarray(photo(12, 16, seed)).save(name)
    (tmp_path / "only.tfcomp").write_bytes(tfcomp.load("tiny").compress(photo(6, 6)))
    return tmp_path


def compress(*arguments: str) -> int:
    return main(["compress", "--model", "tiny", *arguments])


def decompress(*arguments: str) -> int:
    return main(["decompress", *arguments])


def contents() -> dict:
    return {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def is_compressed(path: str) -> bool:
    return Path(path).read_bytes()[:3] == b"\x89TC"


def test_two_pictures_are_two_inputs(capsys):
    before = contents()
    assert compress("a.png", "b.png") == 0
    assert {path: before[path] for path in before} == {p: contents()[p] for p in before}
    assert is_compressed("a.tfcomp") and is_compressed("b.tfcomp")
    assert capsys.readouterr().out.splitlines()[-1].startswith("2 files: ")


def test_with_force_too_a_second_picture_is_an_input():
    before = Path("b.png").read_bytes()
    assert compress("--force", "a.png", "b.png") == 0
    assert Path("b.png").read_bytes() == before
    assert is_compressed("b.tfcomp")


def test_any_number_of_pictures_and_folders_go_beside_themselves():
    os.mkdir("album")
    Image.fromarray(photo(5, 5)).save("album/d.png")
    assert compress("a.png", "b.png", "c.jpg", "album") == 0
    assert all(map(is_compressed, ["a.tfcomp", "b.tfcomp", "c.tfcomp", "album-tfcomp/d.tfcomp"]))


def test_any_number_goes_to_one_folder():
    for folder in ("x", "y"):
        os.mkdir(folder)
        Image.fromarray(photo(5, 5)).save(f"{folder}/d.png")
    assert compress("a.png", "b.png", "x", "y", "-o", "new/er") == 0
    made = sorted(str(p.relative_to("new/er")) for p in Path("new/er").rglob("*.tfcomp"))
    assert made == ["a.tfcomp", "b.tfcomp", "x/d.tfcomp", "y/d.tfcomp"]
    assert decompress("new/er/a.tfcomp", "new/er/b.tfcomp", "-o", "back", "--format", "bmp") == 0
    assert sorted(os.listdir("back")) == ["a.bmp", "b.bmp"]


@pytest.mark.parametrize("order", ["before", "after", "between"])
def test_the_output_option_may_stand_anywhere(order):
    given = {
        "before": ["-o", "out", "a.png", "b.png"],
        "after": ["a.png", "b.png", "--output", "out"],
        "between": ["a.png", "-o", "out", "b.png"],
    }[order]
    assert compress(*given) == 0
    assert sorted(os.listdir("out")) == ["a.tfcomp", "b.tfcomp"]


def test_after_two_dashes_all_are_names():
    os.rename("a.png", "-a.png")
    assert compress("--quality", "1", "--", "-a.png", "b.png") == 0
    assert is_compressed("-a.tfcomp") and is_compressed("b.tfcomp")
    assert compress("-o", "x.tfcomp", "--", "-a.png") == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        # What a shell may make of * where earlier results lie.
        (["a.png", "only.tfcomp"], "-o only.tfcomp"),
        (["a.png", "b.png", "new.tfcomp"], "new.tfcomp does not exist"),
        (["a.png", "album"], "-o album"),
        (["album", "album2"], "-o album2"),
        # An ending that says something else than what would be in the file.
        (["a.png", "x.webp"], ".tfcomp"),
        (["a.png", "x"], ".tfcomp"),
        (["a.png", "missing.png"], "missing.png does not exist as an input"),
        (["a.png", "-o", "x.webp"], "--force"),
        (["a.png", "-o", "b.png"], "--force"),
        (["a.png", "-o", "picture.tfcomp"], "--force"),
        (["album", "x.png"], "x.png does not exist"),
        # Several results do not fit into one file.
        (["a.png", "b.png", "-o", "only.tfcomp"], "folder"),
        (["a.png", "b.png", "-o", "new.tfcomp"], "folder"),
        (["a.png", "b.png", "-o", "x.webp"], "folder"),
        (["a.png", "b.png", "-o", "c.jpg"], "folder"),
        (["a.png", "b.png", "-o", "-"], "folder"),
        (["album", "-o", "new.tfcomp"], "folder"),
        (["a.png", "-"], "terminal"),
        (["-", "a.png"], "standard input"),
        # Two pictures of one name.
        (["a.png", "album/a.png", "-o", "out"], "would both become"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_not_clear_is_refused_in_a_line_and_nothing_is_made(
    arguments, words, capsys, monkeypatch
):
    for folder in ("album", "album2"):
        os.mkdir(folder)
        Image.fromarray(photo(5, 5)).save(f"{folder}/a.png")
    Image.fromarray(photo(5, 5)).save("picture.tfcomp", "PNG")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    before = contents()
    assert compress(*arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and words in error
    assert contents() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a.tfcomp", "b.png"], "-o b.png"),
        (["a.tfcomp", "notes"], "-o notes"),
        (["a.tfcomp", "new.tfcomp"], "can't be written"),
        (["a.tfcomp", "-o", "only.tfcomp", "--format", "png"], "--force"),
        (["a.tfcomp", "-o", "new.tfcomp", "--format", "png"], "--force"),
        (["a.tfcomp", "only.tfcomp", "-o", "x.png"], "folder"),
        (["a.tfcomp", "only.tfcomp", "new.png"], "new.png does not exist"),
        (["album", "album2"], "-o album2"),
        (["album", "-o", "x.png"], "folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_same_for_decompress(arguments, words, capsys):
    assert compress("a.png", "-o", "a.tfcomp") == 0
    for folder in ("album", "album2"):
        os.mkdir(folder)
        Path(folder, "a.tfcomp").write_bytes(Path("a.tfcomp").read_bytes())
    Path("notes").write_text("mine")
    capsys.readouterr()
    before = contents()
    assert decompress(*arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and words in error
    assert contents() == before


def test_two_compressed_files_are_two_inputs():
    compress("a.png")
    before = contents()
    assert decompress("a.tfcomp", "only.tfcomp", "--format", "bmp") == 0
    assert {path: contents()[path] for path in before} == before
    assert Image.open("a.bmp").size == (16, 12) and Image.open("only.bmp").size == (6, 6)


def test_the_two_argument_form_stays_where_the_second_is_new():
    assert compress("a.png", "x.tfcomp") == 0
    assert compress("a.png", "X.TFCOMP") == 0
    assert decompress("x.tfcomp", "x.png") == 0
    os.mkdir("album")
    os.rename("x.png", "album/x.png")
    assert compress("album", "results") == 0
    assert os.listdir("results") == ["x.tfcomp"]


def test_a_folder_without_inputs_can_only_be_the_output():
    os.mkdir("results")
    assert compress("a.png", "results") == 0
    assert compress("b.png", "results") == 0
    assert sorted(os.listdir("results")) == ["a.tfcomp", "b.tfcomp"]


def test_force_writes_what_was_asked_for():
    assert compress("a.png", "x.webp", "--force") == 0
    assert is_compressed("x.webp")
    assert compress("a.png", "only.tfcomp", "--force") == 0
    assert tfcomp.decompress("only.tfcomp").shape == (12, 16, 3)
    assert compress("a.png", "-o", "b.png", "--force") == 0
    assert is_compressed("b.png")
    assert decompress("only.tfcomp", "c.jpg", "--force") == 0
    assert Image.open("c.jpg").size == (16, 12)


def test_a_compressed_file_named_with_o_is_written_anew():
    assert compress("a.png", "-o", "only.tfcomp") == 0
    assert tfcomp.decompress("only.tfcomp").shape == (12, 16, 3)


def test_a_device_is_an_output(capsys):
    assert compress("a.png", "/dev/null") == 0
    assert compress("a.png", "-o", "/dev/null") == 0
    assert "-> /dev/null" in capsys.readouterr().out


@pytest.mark.parametrize("place", [["/dev/stdout"], ["-o", "/dev/stdout"], ["-o", "/dev/stderr"]])
def test_so_are_the_standard_streams_by_their_other_names(place):
    stream = place[-1].removeprefix("/dev/")
    command = [sys.executable, "-m", "tfcomp", "compress", "a.png", *place, "-m", "tiny"]
    child = subprocess.run(command, check=False, capture_output=True)
    assert child.returncode == 0
    assert getattr(child, stream).startswith(b"\x89TC")


def test_pictures_given_one_by_one_that_differ_in_their_ending_only_get_names_of_their_own():
    Image.fromarray(photo(7, 7)).save("c.png")
    assert compress("c.jpg", "c.png") == 0
    assert is_compressed("c.jpg.tfcomp") and is_compressed("c.png.tfcomp")
    assert not os.path.exists("c.tfcomp")


def test_a_picture_named_twice_is_done_once(capsys):
    assert compress("a.png", "./a.png", "b.png") == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("2 files: ")


def test_of_several_inputs_bad_ones_are_named_and_the_others_done(capsys):
    Path("text.png").write_text("no picture")
    os.mkdir("empty")
    assert compress("a.png", "text.png", "missing.png", "empty", "b.png") == 2
    assert is_compressed("a.tfcomp") and is_compressed("b.tfcomp")
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 4
    assert errors[-1] == "tfcomp: 3 of 5 files failed"


def test_a_remark_says_when_the_file_grew(capsys):
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save("flat.png")
    assert compress("flat.png") == 0
    assert os.path.getsize("flat.tfcomp") > os.path.getsize("flat.png")
    assert "larger than the input; keep the input or lower --quality" in capsys.readouterr().out
    assert compress("flat.png", "--quality", "1", "--json", "--force") == 0
    error = capsys.readouterr().err
    assert error == "tfcomp: flat.tfcomp is larger than the input; keep the input\n"
    Image.fromarray(photo(64, 64)).save("photo.bmp")
    assert compress("photo.bmp") == 0
    assert "larger" not in capsys.readouterr().out


class TestSkipExisting:
    def test_a_second_run_over_a_folder_does_what_is_missing_and_ends_with_0(self, capsys):
        os.mkdir("album")
        for name in ("a.png", "b.png"):
            os.rename(name, f"album/{name}")
        assert compress("album", "out") == 0
        first = Path("out/a.tfcomp").stat().st_mtime_ns
        os.remove("out/b.tfcomp")
        capsys.readouterr()
        assert compress("album", "out") == 2  # without the option a file that is there is a failure
        assert compress("album", "out", "--skip-existing") == 0
        captured = capsys.readouterr()
        assert captured.out.splitlines()[-1].endswith("; 2 were done already")
        assert Path("out/a.tfcomp").stat().st_mtime_ns == first
        os.remove("out/b.tfcomp")
        assert compress("album", "-o", "out", "--skip-existing") == 0
        captured = capsys.readouterr()
        assert captured.out.splitlines()[-1].startswith("1 file: ")
        assert captured.out.splitlines()[-1].endswith("; 1 was done already")
        assert captured.err == ""

    def test_so_does_one_over_files_and_their_results(self):
        everything = ["a.png", "b.png", "c.jpg", "only.tfcomp"]
        assert compress(*everything, "--skip-existing") == 0
        made = contents()
        assert compress(*sorted(os.listdir()), "--skip-existing") == 0
        assert contents() == made

    def test_a_single_file_is_skipped_too(self, capsys):
        assert compress("a.png") == 0
        before = contents()
        assert compress("a.png", "--skip-existing") == 0
        assert compress("b.png", "-o", "a.tfcomp", "--skip-existing") == 0
        assert "done already" in capsys.readouterr().out
        assert contents() == before

    def test_standard_output_is_never_done_already(self, capfdbinary):
        Path("-").write_bytes(Path("only.tfcomp").read_bytes())
        assert decompress("only.tfcomp", "-", "--skip-existing") == 0
        assert capfdbinary.readouterr().out.startswith(b"\x89PNG")

    def test_what_is_no_result_does_not_count_as_done(self, capsys):
        Path("a.tfcomp").write_text("mine")
        Path("b.tfcomp").write_bytes(b"")
        os.symlink("nowhere", "c.tfcomp")
        assert compress("a.png", "b.png", "c.jpg", "--skip-existing") == 2
        assert capsys.readouterr().err.splitlines()[-1] == "tfcomp: 3 of 3 files failed"
        assert Path("a.tfcomp").read_text() == "mine"

    def test_decompress_has_it_too(self, capsys):
        assert compress("a.png", "b.png", "-o", "in") == 0
        assert decompress("in", "out") == 0
        os.remove("out/b.png")
        capsys.readouterr()
        assert decompress("in", "out", "--skip-existing", "--json") == 0
        lines = capsys.readouterr().out.splitlines()
        assert '"done_already": true' in lines[0] and "a.png" in lines[0]
        assert os.path.exists("out/b.png") and len(lines) == 2

    def test_not_together_with_force(self, capsys):
        with pytest.raises(SystemExit) as end:
            compress("a.png", "--skip-existing", "--force")
        assert end.value.code == 2
        assert "not allowed" in capsys.readouterr().err


def test_results_among_the_inputs_have_no_say_in_names(capsys):
    compress("a.png")
    os.remove("a.tfcomp")
    Path("a.tfcomp").write_bytes(Path("only.tfcomp").read_bytes())
    before = contents()
    assert compress("a.png", "a.tfcomp", "only.tfcomp") == 2
    assert decompress("a.png", "a.tfcomp", "only.tfcomp") == 2
    assert {path for path in contents() if path not in before} == {Path("only.png")}
    assert {path: contents()[path] for path in before} == before
