"""A picture that takes long shows on a terminal that it is being done, and how far it is."""

import os
import pty
import subprocess
import sys

import pytest
from PIL import Image

from tests.bundle_factory import photo

_SCRIPT = """
import sys, time
import tfcomp.cli.progress
from tfcomp.cli import main
from tfcomp.api import Codec
from tfcomp.networks.interpreter import Network
tfcomp.cli.progress.SECONDS_BEFORE = 0.2
{}
sys.exit(main(sys.argv[1:]))
"""
_SLOW = """
run = Network.run
def slow(self, **inputs):
    time.sleep(0.8)
    return run(self, **inputs)
Network.run = slow
"""
_REPORTING = """
compress = Codec.compress
def reporting(self, pixels, quality, *, progress, **options):
    progress(3, 7)
    time.sleep(0.8)
    return compress(self, pixels, quality)
Codec.compress = reporting
"""


@pytest.fixture(autouse=True)
def workplace(installed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(photo(8, 9)).save("photo.png")
    return tmp_path


def on_a_terminal(what: str, *arguments: str) -> tuple:
    """The exit code, and what a terminal on standard error shows."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT.format(what), *arguments],
        stderr=theirs,
        stdout=subprocess.DEVNULL,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # the other end has gone
            break
        shown += part
    os.close(ours)
    return child.wait(30), shown.decode()


def test_the_time_is_shown_and_taken_away():
    code, shown = on_a_terminal(_SLOW, "compress", "photo.png", "-m", "tiny")
    assert code == 0
    assert "compressing photo.png: 00:0" in shown
    assert shown.endswith("\r")
    code, shown = on_a_terminal(_SLOW, "decompress", "photo.tfcomp", "x.png")
    assert code == 0
    assert "decompressing photo.tfcomp: 00:0" in shown


def test_steps_are_shown_where_the_codec_reports_them():
    code, shown = on_a_terminal(_REPORTING, "compress", "photo.png", "-m", "tiny")
    assert code == 0
    assert "compressing photo.png: 3 of 7 steps" in shown


def test_a_name_cannot_play_with_the_terminal():
    os.rename("photo.png", "a\x1b[2Jb.png")
    _, shown = on_a_terminal(_SLOW, "compress", "a\x1b[2Jb.png", "-m", "tiny")
    assert "compressing a\\x1b[2Jb.png: " in shown
    assert "\x1b[2J" not in shown


def test_a_quick_picture_and_one_without_a_terminal_show_nothing():
    code, shown = on_a_terminal("", "compress", "photo.png", "-m", "tiny")
    assert (code, shown) == (0, "")
    child = subprocess.run(
        [sys.executable, "-c", _SCRIPT.format(_SLOW), "decompress", "photo.tfcomp", "x.png"],
        capture_output=True,
        check=False,
    )
    assert (child.returncode, child.stderr) == (0, b"")
