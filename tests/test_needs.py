"""A run of the tests says at its end what it skipped and how to run that."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tests import needs
from tests.conftest import ROOT


def _closing_lines(*arguments: str, **environment: str) -> list[str]:
    """What pytest prints under its last headings."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_without_chromium_the_run_says_what_was_skipped_and_how_to_run_it(tmp_path):
    for name in ("node", "npm"):
        (tmp_path / name).symlink_to(shutil.which(name) or "/nonexistent")
    lines = _closing_lines(
        "tests/web/test_page.py", PATH=str(tmp_path), PLAYWRIGHT_BROWSERS_PATH=str(tmp_path)
    )
    (line,) = [line for line in lines if " in tests/web: " in line]
    count = line.split()[0]
    assert line.endswith("there is no Chromium; to run it: apt-get install chromium")
    assert int(count) > 5
    assert lines[-1].startswith(f"{count} skipped in ")


def test_a_file_that_is_skipped_whole_is_said_too(tmp_path):
    (tmp_path / "apache_beam.py").write_text("raise ModuleNotFoundError('not here')")
    lines = _closing_lines(
        "tests/beam", "tests/test_needs.py", "-k", "largest", PYTHONPATH=str(tmp_path)
    )
    assert f"1 in tests/beam: {needs.BEAM}" in lines


def test_skips_of_one_folder_and_reason_share_a_line_the_largest_group_first():
    skips = [("tests/a/x.py", "r; s"), ("tests/b/x.py", "p; q"), ("tests/b/y.py", "p; q")]
    assert needs.lines(skips) == ["2 in tests/b: p; q", "1 in tests/a: r; s"]
