"""Races, links, signals and closed streams: nothing is lost and nothing stays half done."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import tfcomp
from tests.bundle_factory import photo
from tfcomp.cli import main

# What stands in the place of the encoder's run: {} happens while a picture is being coded.
_WHILE_CODING = """
import os, pathlib, signal, sys, time
from tfcomp.cli import main
from tfcomp.networks.interpreter import Network
run = Network.run
def at_work(self, **inputs):
    {}
    return run(self, **inputs)
Network.run = at_work
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(autouse=True)
def workplace(installed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(photo(8, 9)).save("photo.png")
    return tmp_path


def while_coding(what: str, *arguments: str, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", _WHILE_CODING.format(what), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize(
    "arguments",
    [["photo.png"], ["photo.png", "photo.tfcomp"], ["photo.png", "-o", "photo.tfcomp"]],
    ids=" ".join,
)
def test_a_file_that_appears_while_a_picture_is_coded_stays(arguments):
    appear = "pathlib.Path('photo.tfcomp').write_text('mine')"
    child = while_coding(appear, "compress", "-m", "tiny", *arguments)
    assert child.returncode == 2 and "photo.tfcomp exists" in child.stderr
    assert Path("photo.tfcomp").read_text() == "mine"
    assert sorted(os.listdir()) == ["photo.png", "photo.tfcomp"]
    child = while_coding(appear, "compress", "-m", "tiny", "--force", *arguments)
    assert child.returncode == 0
    assert tfcomp.decompress("photo.tfcomp").shape == (8, 9, 3)


def test_so_it_does_when_decompressing_and_in_folders():
    os.mkdir("in")
    assert main(["compress", "photo.png", "-o", "in/photo.tfcomp", "-m", "tiny"]) == 0
    appear = "pathlib.Path('out/photo.png').write_text('mine')"
    child = while_coding(appear, "decompress", "in", "out")
    assert child.returncode == 2 and "out/photo.png exists" in child.stderr
    assert Path("out/photo.png").read_text() == "mine"


def test_a_link_to_nothing_in_the_output_folder_is_not_followed(capsys):
    os.makedirs("out"), os.mkdir("in")
    os.rename("photo.png", "in/photo.png")
    os.symlink("../elsewhere.tfcomp", "out/photo.tfcomp")
    for arguments in (["in", "out"], ["in/photo.png", "out"], ["in/photo.png", "-o", "out"]):
        assert main(["compress", "-m", "tiny", *arguments]) == 2
        assert "out/photo.tfcomp exists" in capsys.readouterr().err
        assert os.path.islink("out/photo.tfcomp")
    assert main(["compress", "in/photo.png", "-m", "tiny", "-o", "out/photo.tfcomp"]) == 2
    assert "a link to nothing" in capsys.readouterr().err
    assert main(["compress", "in", "out", "-m", "tiny", "--force"]) == 0
    assert not os.path.islink("out/photo.tfcomp") and not os.path.exists("elsewhere.tfcomp")


def test_force_in_a_folder_replaces_a_link_and_not_what_it_leads_to():
    os.makedirs("out"), os.mkdir("in")
    os.rename("photo.png", "in/photo.png")
    Path("precious.png").write_bytes(b"mine")
    os.symlink("../precious.png", "out/photo.tfcomp")
    assert main(["compress", "in", "out", "-m", "tiny", "--force"]) == 0
    assert Path("precious.png").read_bytes() == b"mine"
    assert tfcomp.decompress("out/photo.tfcomp").shape == (8, 9, 3)


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_being_told_to_end_leaves_nothing(name, code):
    # In the middle of the write, when the temporary file is there.
    script = (
        "import os, signal, sys\n"
        "from tfcomp.cli import main\n"
        f"signal.signal(signal.{name}, signal.SIG_DFL)  # nohup has it ignored\n"
        f"os.fsync = lambda file: os.kill(os.getpid(), signal.{name})\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", script, "compress", "photo.png", "-m", "tiny"]
    child = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (child.returncode, child.stderr) == (code, f"tfcomp: ended by {name}\n")
    assert os.listdir() == ["photo.png"]


def test_a_signal_that_the_caller_ignores_stays_ignored():
    script = f"trap '' HUP; exec {sys.executable} -c \"$0\" compress photo.png -m tiny"
    body = _WHILE_CODING.format("os.kill(os.getpid(), signal.SIGHUP)")
    assert subprocess.run(["bash", "-c", script, body], check=False).returncode == 0
    assert os.path.exists("photo.tfcomp")


def test_handlers_are_as_before_when_the_command_has_ended():
    before = signal.getsignal(signal.SIGTERM)
    assert main(["compress", "photo.png", "-m", "tiny"]) == 0
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_run_after_a_killed_one_sweeps_what_that_left():
    script = (
        "import os, signal, sys\n"
        "from tfcomp.cli import main\n"
        "os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)\n"
        "main(sys.argv[1:])\n"
    )
    for arguments in (["-o", "out/x.tfcomp"], ["-o", "out"]):
        os.makedirs("out", exist_ok=True)
        command = [sys.executable, "-c", script, "compress", "photo.png", "-m", "tiny", *arguments]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        (left,) = os.listdir("out")
        assert left.startswith(".tfcomp-") and left.endswith(".tmp")
        assert main(["compress", "photo.png", "-m", "tiny", *arguments]) == 0
        (made,) = os.listdir("out")
        assert made.endswith(".tfcomp")
        os.remove(f"out/{made}")


def shell(line: str) -> subprocess.CompletedProcess:
    line = line.replace("tfcomp ", f"{sys.executable} -m tfcomp ", 1)
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("tfcomp models >&-", "standard output is closed"),
        ("tfcomp models --json >&-", "standard output is closed"),
        ("tfcomp --version >&-", "standard output is closed"),
        ("tfcomp compress --help >&-", "standard output is closed"),
        ("tfcomp compress photo.png - -m tiny >&-", "standard output is closed"),
        ("tfcomp compress photo.png -m tiny >&-", "standard output is closed"),
        ("tfcomp compress - x.tfcomp -m tiny <&-", "standard input is closed"),
        ("tfcomp decompress - x.png <&-", "standard input is closed"),
        ("tfcomp info - <&-", "standard input is closed"),
        ("tfcomp models >/dev/full", "No space left"),
        ("tfcomp compress photo.png - -m tiny >/dev/full", "No space left"),
        ("tfcomp compress photo.png photo.png -m tiny >/dev/full", "No space left"),
        ("tfcomp models 1</dev/null", "Bad file descriptor"),
        ("tfcomp info missing 2>&-", ""),
        ("tfcomp info missing 2>/dev/full", ""),
        ("tfcomp info missing <&- 2>&-", ""),
        ("tfcomp models >&- 2>&- <&-", ""),
    ],
)
def test_a_stream_that_is_closed_or_full_is_one_line_and_exit_code_2(line, words):
    ended = shell(line)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert words in ended.stderr and ended.stderr.count("\n") == bool(words)


@pytest.mark.parametrize("closed", ["2>&-", "<&-", "<&- 2>&-", "2>/dev/full"])
def test_work_that_does_not_need_the_closed_stream_is_done(closed):
    ended = shell(f"tfcomp compress photo.png -m tiny {closed}")
    assert ended.returncode == 0
    # Nothing that a library prints has come into the file.
    assert Path("photo.tfcomp").read_bytes() == tfcomp.load("tiny").compress("photo.png")
    ended = shell(f"tfcomp decompress photo.tfcomp - {closed} | cat >out.png")
    assert Image.open("out.png").size == (9, 8)
