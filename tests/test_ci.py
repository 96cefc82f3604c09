"""CI runs all tests last, on the newer TensorFlow where it can, else on the one that is there."""

import os
import shutil
import subprocess

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(
    not (ROOT / ".ci").exists() or not shutil.which("bash"), reason="CI is a checkout's, and bash's"
)


@pytest.fixture
def ci(tmp_path):
    """Runs CI on a machine with these Pythons, where make fails for these targets; what it made."""
    for name in (".ci/run", "tests/find_python.sh"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    programs = tmp_path / "programs"
    programs.mkdir()

    def program(name, *lines):
        (programs / name).write_text("\n".join(["#!/bin/sh", *lines, ""]))
        (programs / name).chmod(0o755)

    def run(*pythons, failing=()):
        failed = " ".join(failing)
        program("make", 'echo "made $1"', f'case " {failed} " in *" $1 "*) exit 1;; esac')
        for python in pythons:
            program(f"python{python}", f"echo {python}")
        for python in {"3.9", "3.10", "3.11", "3.12", "3.13"} - set(pythons):
            program(f"python{python}", "exit 127")  # as pyenv's shims do
        program("python3", "echo Python 3.x")
        program("id", "echo 1000")  # so that it installs nothing
        done = subprocess.run(
            [".ci/run"], cwd=tmp_path, capture_output=True, text=True,
            env={"PATH": f"{programs}:{os.environ['PATH']}", "PYENV_ROOT": str(tmp_path / "none")},
        )  # fmt: skip
        lines = done.stdout.splitlines()
        made = [line.split()[1] for line in lines if line.startswith("made ")]
        assert lines[-1] == f"made {made[-1]}", "the tests' report is not the end"
        return made, done.returncode

    return run


def test_with_both_pythons_all_tests_run_on_the_newer_stack_and_some_on_the_older(ci):
    made, code = ci("3.11", "3.13")
    assert made == ["lint", "docs", "fuzz", "test-old", "setup-new", "test-new"] and code == 0


@pytest.mark.parametrize("python", ["3.11", "3.12"])
def test_with_one_python_all_tests_run_on_it(ci, python):
    assert ci(python) == (["lint", "docs", "fuzz", "test"], 0)


def test_a_newer_stack_that_does_not_install_fails_and_leaves_all_tests_to_the_other(ci):
    made, code = ci("3.11", "3.12", failing=["setup-new"])
    assert made[-1] == "test" and code != 0


@pytest.mark.parametrize("target", ["lint", "docs", "fuzz", "test-old", "test-new"])
def test_what_fails_anywhere_fails_the_whole_and_stops_nothing(ci, target):
    made, code = ci("3.11", "3.12", failing=[target])
    assert made[-1] == "test-new" and code != 0


def test_the_workflow_on_github_runs_the_same():
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert "- run: .ci/run\n" in workflow
