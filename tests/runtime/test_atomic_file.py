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


@pytest.mark.parametrize(
    ("function", "fault", "told"),
    [
        ("fsync", OSError(28, "No space left on device"), OutputError),
        ("replace", KeyboardInterrupt("stopped"), KeyboardInterrupt),
    ],
)
def test_a_failure_or_an_interruption_leaves_the_old_file_and_nothing_else(
    tmp_path, monkeypatch, function, fault, told
):
    target = tmp_path / "x"
    target.write_bytes(b"old")

    def failing(*arguments):
        raise fault

    monkeypatch.setattr(os, function, failing)
    with pytest.raises(told, match=fault.args[-1]):
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


def test_a_file_that_appears_meanwhile_stays(tmp_path):
    (tmp_path / "x").write_bytes(b"somebody's")
    with pytest.raises(OutputError, match="x exists.*--force"):
        write_atomically(tmp_path / "x", b"new", overwrite=False)
    assert (tmp_path / "x").read_bytes() == b"somebody's"
    write_atomically(tmp_path / "y", b"new", overwrite=False)
    assert (tmp_path / "y").read_bytes() == b"new"
    assert stat.S_IMODE(os.stat(tmp_path / "y").st_mode) == 0o666 & ~_umask()
    assert sorted(os.listdir(tmp_path)) == ["x", "y"]


def test_so_it_does_where_a_file_system_has_no_hard_links(tmp_path, monkeypatch):
    def no_links(*paths):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    test_a_file_that_appears_meanwhile_stays(tmp_path)

    def full_disk(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(OutputError, match="No space"):
        write_atomically(tmp_path / "z", b"new", overwrite=False)
    assert sorted(os.listdir(tmp_path)) == ["x", "y"]


def test_a_link_to_nothing_is_something_and_nothing_is_made_where_it_points(tmp_path):
    (tmp_path / "out").mkdir()
    link = tmp_path / "out" / "x"
    for target in (tmp_path / "elsewhere", link):  # the second is a link to itself
        link.symlink_to(target)
        with pytest.raises(OutputError, match="exists"):
            write_atomically(link, b"new", overwrite=False)
        assert link.is_symlink()
        write_atomically(link, b"new")
        assert not link.is_symlink() and link.read_bytes() == b"new"
        link.unlink()
    assert os.listdir(tmp_path) == ["out"] and os.listdir(tmp_path / "out") == []


def test_a_link_that_nobody_named_is_replaced_itself(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write_atomically(tmp_path / "link", b"new", follow_links=False)
    assert (tmp_path / "real").read_bytes() == b"old"
    assert not (tmp_path / "link").is_symlink() and (tmp_path / "link").read_bytes() == b"new"


def test_of_two_writers_one_wins_whole(tmp_path):
    outcomes = []

    def write(number):
        try:
            write_atomically(tmp_path / "x", bytes([number]) * 100_000, overwrite=False)
            outcomes.append(number)
        except OutputError:
            outcomes.append(None)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    (winner,) = [number for number in outcomes if number is not None]
    assert (tmp_path / "x").read_bytes() == bytes([winner]) * 100_000
    assert os.listdir(tmp_path) == ["x"]


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
