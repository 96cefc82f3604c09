"""The sdist holds the project, and the wheel built from it is all that a user needs."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
import zipfile

import pytest

from tests.distribution.tree import build, copy_tree

# Not for people who build from the sdist: CI's own, weights to train on from and a training that
# is not done, and what examples/web downloads or copies for itself.
LEFT_OUT = (".ci/", ".github/", ".gitignore", "carry/", "checkpoints/", "examples/web/vendor/")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return copy_tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="module")
def distributions(tmp_path_factory, tree):
    """(names in the sdist, names in the wheel, the wheel)."""
    sdist, wheel = build(tree, tmp_path_factory.mktemp("dist"))
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(wheel) as archive:
        installed = set(archive.namelist())
    return packed, installed, wheel


def _tracked(tree):
    names = {p.relative_to(tree).as_posix() for p in tree.rglob("*") if p.is_file()}
    # `build` leaves its own traces in the copy.
    return {name for name in names if ".egg-info/" not in name and "__pycache__" not in name}


def test_the_sdist_holds_every_file_of_the_project(distributions, tree):
    packed, _, _ = distributions
    expected = {name for name in _tracked(tree) if not name.startswith(LEFT_OUT)}
    assert sorted(expected - packed) == []


def test_the_sdist_holds_nothing_that_was_built(distributions):
    packed, _, _ = distributions
    assert not [n for n in packed if n.endswith((".so", ".pyc")) or "__pycache__" in n]
    assert not [n for n in packed if n.startswith(("build/", "dist/", "checkpoints/"))]


def test_the_wheel_holds_the_extension_the_types_and_the_bundles(distributions, tree):
    _, installed, _ = distributions
    assert "tfcomp/py.typed" in installed
    assert [n for n in installed if n.startswith("tfcomp/bitstream/_range_coder.") and ".so" in n]
    bundles = [p for p in _tracked(tree) if p.startswith("tfcomp/bundles/")]
    assert [p for p in bundles if p.endswith("/decoder.tflite")]
    assert sorted(set(bundles) - installed) == []


def test_the_wheel_holds_every_module_and_data_file_of_the_package(distributions, tree):
    _, installed, _ = distributions
    package = {name for name in _tracked(tree) if name.startswith("tfcomp/")}
    assert sorted(package - installed) == []


def test_the_wheel_holds_the_package_alone(distributions):
    _, installed, _ = distributions
    tops = {name.partition("/")[0] for name in installed}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tfcomp"}


def test_a_users_program_passes_mypy_with_the_types_the_wheel_ships(distributions, tmp_path):
    _, _, wheel = distributions
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False)
    (site,) = environment.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    program = tmp_path / "program.py"
    program.write_text(
        "import tfcomp\n"
        "data: bytes = tfcomp.load('cycle').compress('photo.png', quality=4)\n"
    )
    passed = _mypy(program, environment)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    program.write_text("import tfcomp\nwrong: int = tfcomp.load('cycle').compress('photo.png')\n")
    refused = _mypy(program, environment)
    assert refused.returncode == 1 and "incompatible type" in refused.stdout.lower()
    (site / "tfcomp" / "py.typed").unlink()  # without it nobody would see the types
    assert "py.typed" in _mypy(program, environment).stdout


def _mypy(program, environment):
    """mypy as a user of the environment runs it; NumPy and Pillow are not installed there."""
    python = environment / "bin" / "python"
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(python),
         "--cache-dir", str(environment / "cache"), str(program)],
        cwd=program.parent, capture_output=True, text=True, timeout=500,
    )
