"""What a killed process was writing is swept away by the next, and what a live one writes never."""

import os
import time

from tests.child import python
from tfcomp.runtime.unfinished import is_unfinished_name, sweep_unfinished, temporary_name


def _name_of_an_ended_process():
    script = "from tfcomp.runtime.unfinished import temporary_name; print(temporary_name())"
    return python(script).stdout.strip()


def _aged(path, seconds):
    path.write_text("half")
    os.utime(path, (time.time() - seconds,) * 2)


def test_the_file_of_a_process_that_has_ended_goes_at_once(tmp_path):
    (tmp_path / _name_of_an_ended_process()).write_text("half")
    sweep_unfinished(tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_live_process_keeps_its_file_and_so_do_other_machines_and_versions_for_an_hour(tmp_path):
    elsewhere = f".tfcomp-01234567-{2**22 + 5}-0123456789ab.tmp"
    names = {temporary_name(), elsewhere, ".tfcomp-0123456789ab.tmp", ".tfcomp-4711.tmp"}
    for name in names:
        assert is_unfinished_name(name)
        _aged(tmp_path / name, 1000)
    sweep_unfinished(tmp_path)
    assert set(os.listdir(tmp_path)) == names
    for name in names:
        _aged(tmp_path / name, 4000)
    sweep_unfinished(tmp_path)
    assert os.listdir(tmp_path) == []


def test_nothing_else_goes(tmp_path):
    names = {".tfcomp-mine.tmp", ".tfcomp-0123456789ab.tmp.png", "x.tmp", ".tfcomp-unfinished"}
    for name in names:
        _aged(tmp_path / name, 10**6)
    (tmp_path / ".tfcomp-0123456789ab.tmp").mkdir()
    sweep_unfinished(tmp_path)
    assert set(os.listdir(tmp_path)) == {*names, ".tfcomp-0123456789ab.tmp"}
    sweep_unfinished(tmp_path / "nowhere")


def test_a_link_of_such_a_name_is_not_followed(tmp_path):
    (tmp_path / "real").write_text("mine")
    os.symlink("real", tmp_path / _name_of_an_ended_process())
    sweep_unfinished(tmp_path)
    assert (tmp_path / "real").read_text() == "mine"
