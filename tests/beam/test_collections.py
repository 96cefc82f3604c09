"""The pipeline on real files, run by Beam's own local runner."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from tests import needs

pytest.importorskip("apache_beam", reason=needs.BEAM)

import apache_beam as beam  # noqa: E402
from apache_beam.options.pipeline_options import PipelineOptions  # noqa: E402

import tfcomp  # noqa: E402
from tests.bundle_factory import photo  # noqa: E402
from tests.conftest import ROOT  # noqa: E402
from tfcomp.beam import (  # noqa: E402
    Compress,
    DoneIn,
    ReadImages,
    Write,
    command,
    compressing,
    replacing,
)
from tfcomp.runtime.unfinished import temporary_name  # noqa: E402

NAMES = ("a.png", "b.png", "deep/er/c.png", "a.bmp", "[odd] näme*.png")


@pytest.fixture(scope="module")
def codec():
    return tfcomp.load("cycle", 1)


@pytest.fixture()
def images(tmp_path):
    """A folder of five images, two of which differ in nothing but their suffix."""
    folder = tmp_path / "in [1]"
    for seed, name in enumerate(NAMES):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(24, 40, seed)).save(folder / name)
    (folder / "notes.txt").write_text("no image, and no matter")
    return folder


def _run(*arguments):
    """The command's exit code and its counters."""
    counted = []
    original = command.totals

    def totals(result):
        counted.append(original(result))
        return counted[-1]

    command.totals = totals
    try:
        return command.main([str(each) for each in arguments]), *counted
    finally:
        command.totals = original


def _files(folder):
    return sorted(
        str(path.relative_to(folder)).replace(os.sep, "/")
        for path in folder.rglob("*")
        if path.is_file()
    )


def test_every_image_becomes_the_file_that_the_codec_makes(images, tmp_path, codec, capsys):
    code, counted = _run(images, tmp_path / "out", "--model", "cycle", "--quality", "3")
    assert code == 0
    assert _files(tmp_path / "out") == sorted([*(f"{n}.tfcomp" for n in NAMES), "errors.jsonl"])
    for name in NAMES:
        written = (tmp_path / "out" / f"{name}.tfcomp").read_bytes()
        assert written == codec.compress(images / name, 3)
    assert (tmp_path / "out" / "errors.jsonl").read_text() == ""
    assert counted["images_written"] == counted["images_read"] == len(NAMES)
    assert counted["bytes_in"] == sum((images / name).stat().st_size for name in NAMES)
    assert counted["bytes_out"] == sum(
        path.stat().st_size for path in (tmp_path / "out").rglob("*.tfcomp")
    )
    assert "5 files" in capsys.readouterr().out


def test_bad_files_go_to_the_side_with_their_reason_and_the_others_are_made(
    images, tmp_path, capsys
):
    (images / "text.jpg").write_text("not at all")
    (images / "empty.png").touch()
    whole = (images / "b.png").read_bytes()
    (images / "deep" / "half.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "deep").write_text("a file where a folder must be")
    code, counted = _run(images, tmp_path / "out")
    assert code == 2
    lines = (tmp_path / "out" / "errors.jsonl").read_text().splitlines()
    reasons = {line["name"]: line["reason"] for line in map(json.loads, lines)}
    assert set(reasons) == {"text.jpg", "empty.png", "deep/half.png", "deep/er/c.png"}
    assert "not an image" in reasons["text.jpg"] and "empty" in reasons["empty.png"]
    assert "cannot be decoded" in reasons["deep/half.png"]
    assert "cannot be written" in reasons["deep/er/c.png"]
    assert counted["images_failed"] == 4 and counted["images_written"] == 4
    assert not any(path.name != "errors.jsonl" and path.suffix != ".tfcomp"
                   for path in (tmp_path / "out").iterdir() if path.name != "deep")
    assert "4 files failed" in capsys.readouterr().err


def test_a_second_run_makes_only_what_is_missing_or_changed(images, tmp_path):
    _run(images, tmp_path / "out", "--quality", "2")
    first = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.tfcomp")}
    (tmp_path / "out" / "b.png.tfcomp").unlink()
    Image.fromarray(photo(30, 30, 9)).save(images / "a.png")
    later = os.stat(tmp_path / "out" / "a.png.tfcomp").st_mtime + 10
    os.utime(images / "a.png", (later, later))
    code, counted = _run(images, tmp_path / "out", "--quality", "2")
    assert code == 0
    assert counted["images_already_done"] == 3 and counted["images_written"] == 2
    changed = {p.name for p, at in first.items() if p.stat().st_mtime_ns != at}
    assert changed == {"a.png.tfcomp", "b.png.tfcomp"}
    decoded = tfcomp.decompress((tmp_path / "out" / "a.png.tfcomp").read_bytes())
    assert decoded.shape == (30, 30, 3)


def test_the_run_after_a_killed_one_leaves_nothing_but_results(tmp_path, codec):
    folder, out = tmp_path / "in", tmp_path / "out [1]"
    folder.mkdir()
    Image.fromarray(photo(256, 256)).save(folder / "0.bmp")
    names = [f"{number}.bmp" for number in range(100)]
    for name in names[1:]:
        shutil.copy(folder / "0.bmp", folder / name)
    process = subprocess.Popen(
        [sys.executable, "-m", "tfcomp.beam", folder, out, "--model", "cycle"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 500
    while not list(out.glob("*.tfcomp")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL
    before = {path.name for path in out.iterdir()}
    assert not before >= {f"{name}.tfcomp" for name in names}
    # A kill rarely falls in the middle of a write; this is what it then leaves.
    (out / replacing.TEMPORARY_FOLDER / "0123456789abcdef").write_bytes(b"\x89TC half")

    code, counted = _run(folder, out, "--model", "cycle")
    assert code == 0
    assert {p.name for p in out.iterdir()} == {"errors.jsonl", *(f"{n}.tfcomp" for n in names)}
    assert counted["images_already_done"] == len([n for n in before if n.endswith(".tfcomp")])
    assert (out / "99.bmp.tfcomp").read_bytes() == codec.compress(folder / "99.bmp")


def test_a_run_removes_what_is_unfinished_of_its_own_and_nothing_else(tmp_path):
    others = tmp_path / "out [1]" / ".tfcomp-unfinished-business"
    for folder in (others, tmp_path / "out [1]" / replacing.TEMPORARY_FOLDER):
        folder.mkdir(parents=True)
        (folder / "0123456789abcdef").write_text("")
    replacing.remove_unfinished(str(tmp_path / "out [1]"))
    assert _files(tmp_path) == ["out [1]/.tfcomp-unfinished-business/0123456789abcdef"]
    replacing.remove_unfinished(str(tmp_path / "out [1]"))


def test_what_is_no_earlier_result_stays_and_is_a_failure(images, tmp_path, codec):
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.png.tfcomp").write_text("mine")
    (out / "b.png.tfcomp").symlink_to(tmp_path / "elsewhere")
    (out / "a.bmp.tfcomp").mkdir()
    (tmp_path / "real.tfcomp").write_bytes(b"\x89TC an earlier result, of another place")
    (out / "[odd] näme*.png.tfcomp").symlink_to(tmp_path / "real.tfcomp")
    before = (tmp_path / "real.tfcomp").read_bytes()
    code, counted = _run(images, out)
    assert code == 2 and counted["images_failed"] == 3
    reasons = (out / "errors.jsonl").read_text()
    assert reasons.count("no earlier result; move it away") == 3
    assert (out / "a.png.tfcomp").read_text() == "mine"
    assert (out / "b.png.tfcomp").is_symlink() and not (tmp_path / "elsewhere").exists()
    assert (tmp_path / "real.tfcomp").read_bytes() == before
    assert not (out / replacing.TEMPORARY_FOLDER).exists()


def test_a_live_run_beside_this_one_keeps_what_it_writes(tmp_path):
    unfinished = tmp_path / replacing.TEMPORARY_FOLDER
    unfinished.mkdir()
    (unfinished / temporary_name()).write_text("half")
    replacing.remove_unfinished(str(tmp_path))
    assert len(list(unfinished.iterdir())) == 1


def test_a_run_that_is_told_to_end_leaves_nothing_but_results(images, tmp_path):
    script = (
        "import os, signal, sys\n"
        "from tfcomp.beam import command, replacing\n"
        "def rename(*given): os.kill(os.getpid(), signal.SIGTERM)\n"
        "replacing.put_in_place = rename\n"
        "sys.exit(command.main(sys.argv[1:]))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, images, tmp_path / "out"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert ended.returncode == 143, ended.stderr[-2000:]
    assert ended.stderr.splitlines()[-1] == "tfcomp: ended by SIGTERM"
    assert not (tmp_path / "out" / replacing.TEMPORARY_FOLDER).exists()


def test_files_of_another_quality_do_not_count_as_done(images, tmp_path, codec):
    _run(images, tmp_path / "out", "--quality", "2")
    _, counted = _run(images, tmp_path / "out", "--quality", "5")
    assert counted["images_written"] == len(NAMES)
    written = (tmp_path / "out" / "b.png.tfcomp").read_bytes()
    assert written == codec.compress(images / "b.png", 5)


def test_an_effort_makes_the_files_that_the_codec_makes_with_it(images, tmp_path, codec):
    code, _ = _run(images, tmp_path / "out", "--quality", "3", "--effort", "2")
    assert code == 0
    made = {name: (tmp_path / "out" / f"{name}.tfcomp").read_bytes() for name in NAMES}
    assert made == {name: codec.compress(images / name, 3, effort=2) for name in NAMES}
    assert any(made[name] != codec.compress(images / name, 3) for name in NAMES)
    step = Compress("cycle", 3, effort=1)
    with beam.Pipeline(options=PipelineOptions([])) as pipeline:
        _ = pipeline | ReadImages(str(images)) | step | Write(str(tmp_path / "own"))
    written = (tmp_path / "own" / "a.png.tfcomp").read_bytes()
    assert written == codec.compress(images / "a.png", 3, effort=1)


def test_the_steps_make_a_pipeline_of_ones_own(images, tmp_path):
    done = DoneIn(str(tmp_path / "out"), b"none", 1)
    pattern = os.path.join(str(images).replace("[", "[[]"), "**.bmp")
    with beam.Pipeline(options=PipelineOptions([])) as pipeline:
        _ = pipeline | ReadImages(pattern, done) | Compress("cycle") | Write(str(tmp_path / "out"))
    assert [p.name for p in (tmp_path / "out").rglob("*.tfcomp")] == ["a.bmp.tfcomp"]


def test_a_process_opens_the_codec_once(images, tmp_path, monkeypatch):
    opened = []
    original = compressing.load
    monkeypatch.setattr(
        compressing, "load", lambda *given: opened.append(given) or original(*given)
    )
    _run(images, tmp_path / "out", "--direct_num_workers", "3",
         "--direct_running_mode", "multi_threading")
    assert len(opened) == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["{tmp}/nowhere", "{tmp}/out"], "nowhere"),
        (["{in}", "{tmp}/out", "--model", "nomodel"], "nomodel"),
        (["{in}", "{tmp}/out", "--quality", "99"], "99"),
        (["{in}", "{tmp}/out", "--effort", "12"], "effort must be from 0 to 9, not 12"),
        (["{tmp}", "{tmp}/out"], "no images"),
        (["{in}", "{tmp}/out", "{tmp}/more"], "a third name"),
        (["{in}", "{tmp}/file"], "file is a file"),
    ],
)
def test_bad_arguments_end_in_one_line_and_exit_2(arguments, named, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "file").touch()
    given = [each.replace("{tmp}", str(tmp_path)) for each in arguments]
    given = [each.replace("{in}", str(tmp_path / "in")) for each in given]
    assert command.main(given) == 2
    errors = capsys.readouterr().err
    assert named in errors and "Traceback" not in errors


def test_two_worker_processes_make_the_same_files_without_tensorflow(tmp_path, codec):
    folder = tmp_path / "in"
    folder.mkdir()
    for seed in range(12):
        Image.fromarray(photo(16, 24, seed)).save(folder / f"{seed}.png")
    # Found before the real one by this process and by the workers it starts.
    (tmp_path / "blocked" / "tensorflow").mkdir(parents=True)
    (tmp_path / "blocked" / "tensorflow" / "__init__.py").write_text("raise ImportError('blocked')")
    path = os.pathsep.join([str(tmp_path / "blocked"), str(ROOT)])
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "tfcomp.beam", folder, tmp_path / "out", "--quality", "4"),
            *("--direct_num_workers", "2", "--direct_running_mode", "multi_processing"),
        ],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert ended.stdout.startswith("12 files: ")
    for seed in range(12):
        written = (tmp_path / "out" / f"{seed}.png.tfcomp").read_bytes()
        assert written == codec.compress(folder / f"{seed}.png", 4)
        assert np.shape(tfcomp.decompress(written)) == (16, 24, 3)
