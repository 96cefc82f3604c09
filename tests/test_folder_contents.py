"""What a folder holds is one rule, the same for the commands, the pipeline and training."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests import needs
from tests.bundle_factory import photo, write_bundle
from tfcomp.cli import main
from tfcomp.data.folder_source import FolderSource
from tfcomp.errors import ImageError
from tfcomp.evaluation.images import image_files
from tfcomp.folder_contents import files_in, holds_any, is_taken

PICTURES = ["a.png", "b dir/c.JPG", "b.webp", "z.linked/d.bmp"]


@pytest.fixture
def folder(tmp_path):
    """PICTURES, and beside them all that is no picture of the person's."""
    root = tmp_path / "photos"
    (tmp_path / "elsewhere").mkdir()
    (root / "b dir").mkdir(parents=True)
    for name in ("a.png", "b dir/c.JPG", "b.webp", "../elsewhere/d.bmp"):
        Image.fromarray(photo(6, 7)).save(root / name)
    (root / "z.linked").symlink_to("../elsewhere")
    (root / "b dir" / "loop").symlink_to("..")
    (root / "a link to a folder that is there").symlink_to("b dir")
    for name in (".hidden.png", "._a.png", "b dir/._c.JPG"):
        (root / name).write_bytes(b"\0\5\x16\7 AppleDouble")
    for name in (".trash", "__MACOSX", "@eaDir", "$RECYCLE.BIN", "lost+found"):
        (root / name).mkdir()
        (root / name / "x.png").write_bytes((root / "a.png").read_bytes())
    (root / "Thumbs.db").write_bytes(b"")
    (root / "notes.txt").write_text("none")
    (root / "folder.png").mkdir()
    os.mkfifo(root / "pipe.png")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(root)  # a socket's path may not be long
        server.bind("socket.png")
        os.chdir(here)
    return root


def test_the_rule(folder):
    assert files_in(folder) == PICTURES
    assert files_in(folder, {".txt"}) == ["notes.txt"]
    assert holds_any(folder) and not holds_any(folder, {".tfcomp"})


def test_a_folder_that_is_linked_to_goes_by_its_own_path_where_it_has_one(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x.png").touch()
    for name in ("a", "z"):
        (tmp_path / name).symlink_to("real")
    assert files_in(tmp_path) == ["real/x.png"]


def test_a_link_to_nothing_is_taken_so_that_it_is_said(tmp_path):
    (tmp_path / "x.png").symlink_to("nowhere")
    (tmp_path / "y.png").symlink_to("y.png")
    assert files_in(tmp_path) == ["x.png", "y.png"]


def test_a_folder_that_was_named_may_be_hidden_itself(tmp_path):
    (tmp_path / ".photos").mkdir()
    (tmp_path / ".photos" / "x.png").touch()
    assert files_in(tmp_path / ".photos") == ["x.png"]


def test_a_folder_that_cannot_be_read_is_said(tmp_path):
    with pytest.raises(ImageError, match="nowhere cannot be read: No such file"):
        files_in(tmp_path / "nowhere")


def test_names_alone_are_judged_in_the_same_way(folder):
    names = [str(p.relative_to(folder)) for p in folder.rglob("*") if "pipe" not in p.name]
    taken = {name for name in names if is_taken(name)}
    assert taken - {"folder.png", "socket.png"} == {"a.png", "b dir/c.JPG", "b.webp"}


def test_training_and_measurements_take_the_same(folder):
    source = FolderSource([folder])
    files = [Path(source.place(number).file) for number in range(source.count)]
    assert [str(p.relative_to(folder)) for p in files] == PICTURES
    assert [str(p.relative_to(folder)) for p in image_files(folder)] == PICTURES


def test_compress_takes_the_same_and_no_pipe_stops_it(folder, tmp_path):
    bundle = write_bundle(tmp_path / "tiny")
    command = ["compress", "photos", "-o", "out", "-m", str(bundle)]
    child = subprocess.run(
        [sys.executable, "-m", "tfcomp", *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (child.returncode, child.stderr) == (0, "")
    made = sorted(p.relative_to(tmp_path / "out").as_posix() for p in tmp_path.rglob("*.tfcomp"))
    assert made == ["a.tfcomp", "b dir/c.tfcomp", "b.tfcomp", "z.linked/d.tfcomp"]


def test_a_file_that_turns_into_a_pipe_after_it_was_listed_fails_alone(
    tmp_path, monkeypatch, capsys
):
    from tfcomp.cli import plan

    bundle = write_bundle(tmp_path / "tiny")
    (tmp_path / "in").mkdir()
    Image.fromarray(photo(6, 7)).save(tmp_path / "in" / "b.png")
    os.mkfifo(tmp_path / "in" / "a.png")
    monkeypatch.setattr(plan, "files_in", lambda *given: ["a.png", "b.png"])
    arguments = ["compress", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "-m", str(bundle)]
    assert main(arguments) == 2
    assert "a.png is no regular file" in capsys.readouterr().err
    assert os.listdir(tmp_path / "out") == ["b.tfcomp"]


def test_a_pipe_that_is_named_is_read_as_a_stream(tmp_path):
    bundle = write_bundle(tmp_path / "tiny")
    Image.fromarray(photo(6, 7)).save(tmp_path / "a.png")
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cp", tmp_path / "a.png", tmp_path / "pipe"]):
        pipe, out = str(tmp_path / "pipe"), str(tmp_path / "x.tfcomp")
        assert main(["compress", pipe, out, "-m", str(bundle)]) == 0
    assert (tmp_path / "x.tfcomp").read_bytes()[:3] == b"\x89TC"


def test_the_pipeline_takes_the_same(folder, tmp_path):
    pytest.importorskip("apache_beam", reason=needs.BEAM)
    from tfcomp.beam import command

    out = tmp_path / "out"
    assert command.main([str(folder), str(out)]) == 0
    made = sorted(p.relative_to(out).as_posix() for p in out.rglob("*.tfcomp"))
    assert made == sorted(f"{name}.tfcomp" for name in PICTURES)
    pattern = str(folder / "**.png")
    assert command.main([pattern, str(tmp_path / "png")]) == 0
    assert [p.name for p in (tmp_path / "png").rglob("*.tfcomp")] == ["a.png.tfcomp"]
