"""What export.py leaves alone in a folder that a server, or a person, already uses."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import tfcomp
from tfcomp.errors import OutputError
from tfcomp.export import bundle, cli, versions
from tfcomp.export.unfinished import unfinished_folder
from tfcomp.runs import run_folder


def files_below(folder):
    """{path: content} of all files, hidden ones included."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def served(tmp_path, tiny_run):
    """An export with a bundle, version 1 as a server loads it, and a file of someone's."""
    model, config = run_folder.load_model(tiny_run)
    folder = tmp_path / "served"
    bundle.write_bundle(model, config, folder, "served")
    (folder / "1" / "variables").mkdir(parents=True)
    (folder / "1" / "saved_model.pb").write_bytes(b"in use")
    (folder / "1" / "variables" / "variables.index").write_bytes(b"in use too")
    (folder / "notes.txt").write_text("which photographs it was trained on")
    return folder


def test_a_bundle_written_again_leaves_a_servers_version_and_other_files(served, tiny_run):
    before, place = files_below(served), served.stat().st_ino
    (served / "gradient.tflite").write_bytes(b"of an older bundle, which had one")
    code = cli.main(["--tflite", "--run", str(tiny_run), "--out", str(served), "--name", "again"])
    assert code == 0
    after = files_below(served)
    assert set(after) == set(before)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"manifest.json", "README.md", "SHA256SUMS"}
    # A bind mount, as in docker-compose.yml, holds the folder itself.
    assert served.stat().st_ino == place
    assert tfcomp.load(served).info["name"] == "again"


def test_a_saved_model_takes_the_next_free_version(served, tiny_run):
    for _ in range(2):
        flags = ["--tflite", "--saved-model", "--run", str(tiny_run), "--out", str(served)]
        assert cli.main(flags) == 0
    assert (served / "1" / "saved_model.pb").read_bytes() == b"in use"
    assert (served / "2" / "saved_model.pb").is_file()
    assert (served / "3" / "variables" / "variables.index").is_file()
    assert not list(served.glob(".*"))


def test_a_version_can_be_chosen_and_one_that_is_there_is_refused_before_any_work(
    served, tiny_run, capsys
):
    before = files_below(served)
    flags = ["--saved-model", "--run", str(tiny_run), "--out", str(served)]
    assert cli.main([*flags, "--version", "1"]) == 2
    error = capsys.readouterr().err
    assert "version 1" in error and "--version 2" in error and error.count("\n") == 1
    assert files_below(served) == before
    assert cli.main([*flags, "--version", "20"]) == 0
    assert (served / "20" / "saved_model.pb").is_file()
    assert str(served / "20") in capsys.readouterr().out


@pytest.mark.parametrize("version", ["0", "-1", "99999999999999999999", "one"])
def test_what_is_no_version_is_refused(version, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--saved-model", "--out", str(tmp_path / "out"), "--version", version])
    assert ended.value.code == 2
    assert "whole number from 1" in capsys.readouterr().err


def test_a_version_without_a_saved_model_is_refused(tmp_path, tiny_run, capsys):
    flags = ["--tflite", "--run", str(tiny_run), "--out", str(tmp_path / "out"), "--version", "3"]
    assert cli.main(flags) == 2
    assert "--saved-model" in capsys.readouterr().err


def test_versions_count_as_tensorflow_serving_counts_them(tmp_path):
    for name in ("1", "007", "notes", ".9", "1x", "bundle"):
        (tmp_path / name).mkdir()
    (tmp_path / "12").write_text("a file is no version, but its name is taken")
    assert versions.next_free(tmp_path) == 13
    assert versions.next_free(tmp_path / "absent") == 1


def test_a_server_that_polls_never_sees_half_a_version(tmp_path):
    seen, end = set(), threading.Event()

    def poll():
        while not end.is_set():
            for path in tmp_path.glob("[0-9]*"):
                seen.add((path.name, (path / "last").exists()))

    watcher = threading.Thread(target=poll)
    watcher.start()

    def write(folder):
        (folder / "first").write_text("x")
        time.sleep(0.2)
        (folder / "last").write_text("x")

    try:
        assert versions.write(tmp_path, None, write) == tmp_path / "1"
        assert versions.write(tmp_path, None, write) == tmp_path / "2"
        time.sleep(0.05)
    finally:
        end.set()
        watcher.join()
    assert seen == {("1", True), ("2", True)}


def test_two_exports_at_once_get_two_versions(tmp_path):
    meet, found = threading.Barrier(2), []

    def export(word):
        def write(folder):
            (folder / "saved_model.pb").write_text(word)
            meet.wait(10)

        found.append(versions.write(tmp_path, None, write))

    threads = [threading.Thread(target=export, args=(word,)) for word in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {path.name for path in found} == {"1", "2"}
    assert {(path / "saved_model.pb").read_text() for path in found} == {"one", "two"}


def test_a_version_that_appears_meanwhile_is_not_written_over(tmp_path):
    def write(folder):
        (folder / "mine").write_text("x")
        (tmp_path / "4").mkdir()  # an empty folder too: somebody else's

    with pytest.raises(OutputError, match="version 4"):
        versions.write(tmp_path, 4, write)
    assert not list((tmp_path / "4").iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ["4"]


def test_an_export_that_fails_leaves_nothing_behind(served, tiny_run, monkeypatch, capsys):
    from tfcomp.export import savedmodel

    before = files_below(served)

    def full(module, path):
        os.mkdir(os.path.join(path, "variables"))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(savedmodel, "save", full)
    flags = ["--saved-model", "--run", str(tiny_run), "--out", str(served), "--name", "served"]
    assert cli.main(flags) == 2
    error = capsys.readouterr().err
    assert "No space left" in error and error.count("\n") == 1
    assert set(files_below(served)) == set(before)
    assert sorted(path.name for path in served.parent.iterdir()) == ["served"]


_WRITES_UNTIL_KILLED = """
import sys, time
from tfcomp.export.unfinished import unfinished_folder
with unfinished_folder(sys.argv[1], "1") as folder:
    (folder / "half").write_text("x")
    print("writing", flush=True)
    time.sleep(600)
"""


def test_what_a_killed_export_left_is_swept_and_one_at_work_is_not(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", _WRITES_UNTIL_KILLED, str(tmp_path)], stdout=subprocess.PIPE
    )
    try:
        assert child.stdout.readline() == b"writing\n"
        (left,) = tmp_path.iterdir()
        with unfinished_folder(tmp_path, "1"):
            assert left.exists()
        assert left.exists()
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
    with unfinished_folder(tmp_path, "1"):
        assert not left.exists()
    assert not list(tmp_path.iterdir())


def test_a_bundle_is_never_seen_with_a_manifest_of_files_that_are_not_there_yet(
    served, tiny_run, monkeypatch
):
    """Killed between two files, it is an older bundle's manifest, which loading tells."""
    model, config = run_folder.load_model(tiny_run)
    moved = []
    replace = os.replace

    def noted(source, target):
        if os.path.dirname(target) == str(served):
            moved.append(os.path.basename(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", noted)
    bundle.write_bundle(model, config, served, "again")
    assert moved[-1] == "manifest.json" and len(moved) == len(set(moved)) > 3
    assert json.loads((served / "manifest.json").read_text())["name"] == "again"
