"""What `make` removes: what it made itself, and nobody's runs."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAKEFILE = ROOT / "Makefile"

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="there is no make here")


@pytest.fixture
def checkout(tmp_path):
    """A checkout that is set up, with a Python that says what it was asked, and a run of hours."""
    shutil.copy(MAKEFILE, tmp_path)
    prerequisites = ["setup.py", "pyproject.toml", "more_models/pyproject.toml"]
    prerequisites += [
        f"tfcomp/bitstream/{name}" for name in ("_range_coder.c", "_range_coder_core.h")
    ]
    for name in prerequisites:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "python $*"\n')
    python.chmod(0o755)
    (tmp_path / ".venv" / ".installed").touch()
    for run in ("cycle", "mine"):
        (tmp_path / "runs" / run).mkdir(parents=True)
        (tmp_path / "runs" / run / "weights.index").write_text("hours")
    return tmp_path


def make(checkout, *arguments):
    done = subprocess.run(["make", *arguments], cwd=checkout, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def runs(checkout):
    return sorted(path.parent.name for path in checkout.glob("runs/*/weights.index"))


def test_make_train_removes_no_run_but_its_own(checkout):
    said = make(checkout, "train")
    assert runs(checkout) == ["cycle", "mine"]
    (own,) = {word for line in said.splitlines() for word in line.split() if "runs/" in word}
    (checkout / own).mkdir()
    (checkout / own / "weights.index").write_text("of an earlier make train")
    make(checkout, "train")
    assert runs(checkout) == ["cycle", "mine"]


def test_make_train_into_a_folder_of_ones_own_removes_nothing(checkout):
    assert "--out runs/mine" in make(checkout, "train", "OUT=runs/mine")
    assert runs(checkout) == ["cycle", "mine"]


def test_make_clean_leaves_the_runs(checkout):
    make(checkout, "train")
    make(checkout, "clean")
    assert runs(checkout) == ["cycle", "mine"]
    assert not (checkout / ".venv").exists()


@pytest.fixture
def older_tests(checkout):
    """The files and folders that `make test-old` runs."""
    shutil.copytree(ROOT / "tests", checkout / "tests", ignore=shutil.ignore_patterns("*.py"))
    words = make(checkout, "-n", "test-old").split()
    return {word for word in words if word.startswith("tests/")} - {"tests/find_python.sh"}


def test_both_stacks_have_a_command_and_the_older_ones_tests_exist(checkout, older_tests):
    assert "pytest -q -n 2 --dist loadfile\n" in make(checkout, "-n", "test-new")
    assert "tests/agreement" in older_tests
    assert [name for name in older_tests if not (ROOT / name).exists()] == []


def test_what_the_newer_stack_skips_for_want_of_the_referee_the_older_one_runs(older_tests):
    """TensorFlow Compression has no wheels beyond Python 3.11."""
    skipped = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests").rglob("test_*.py")
        if "(\"tensorflow_compression\", reason=" in path.read_text(encoding="utf-8")
    }
    assert "tests/entropy/test_against_tfc.py" in skipped
    assert [name for name in skipped if not name.startswith(tuple(older_tests))] == []
