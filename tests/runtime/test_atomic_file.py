"""A file is written whole or not at all."""

import os
import stat
import threading

import pytest

from tfcomp.errors import OutputError
from tfcomp.runtime.atomic_file import write_atomically


def test_a_file_is_written_and_replaced(tmp_path):
    target = tmp_path / "x"
    write_atomically(target, b"one")
    write_atomically(target, b"two")
    assert target.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["x"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    target = tmp_path / "x"
    target.write_bytes(b"old")

    def full_disk(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OutputError, match="No space left"):
        write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_an_interruption_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    target = tmp_path / "x"
    target.write_bytes(b"old")

    def interrupted(*paths):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_places_that_cannot_be_written_are_said(tmp_path):
    (tmp_path / "file").write_text("x")
    for bad in ("missing/x", "file/x", ".", "n" * 300):
        with pytest.raises(OutputError, match="cannot write"):
            write_atomically(tmp_path / bad, b"data")
    assert os.listdir(tmp_path) == ["file"]


def test_permissions_are_kept_and_new_files_follow_the_umask(tmp_path):
    old_mask = os.umask(0o027)
    try:
        write_atomically(tmp_path / "new", b"")
    finally:
        os.umask(old_mask)
    assert stat.S_IMODE(os.stat(tmp_path / "new").st_mode) == 0o640
    os.chmod(tmp_path / "new", 0o600)
    write_atomically(tmp_path / "new", b"again")
    assert stat.S_IMODE(os.stat(tmp_path / "new").st_mode) == 0o600


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    received = []
    reader = threading.Thread(target=lambda: received.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_atomically(tmp_path / "pipe", b"data")
    reader.join(10)
    assert received == [b"data"]
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)
