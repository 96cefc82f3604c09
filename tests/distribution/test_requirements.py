"""What setup.py asks for is what the package imports, in versions whose known holes are closed."""

from __future__ import annotations

import ast
import re
import runpy
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import setuptools
from packaging.requirements import Requirement

from tests import needs
from tests.conftest import ROOT

# Where the name to import differs from the name to install.
DISTRIBUTIONS = {
    "PIL": "pillow",
    "yaml": "pyyaml",
    "skimage": "scikit-image",
    "ai_edge_litert": "ai-edge-litert",
    "apache_beam": "apache-beam",
    "pillow_jxl": "pillow-jxl-plugin",
    "tensorflow_compression": "tensorflow-compression",
    "tensorflow_datasets": "tensorflow-datasets",
    "tensorflow_serving": "tensorflow-serving-api",
    "grpc": "tensorflow-serving-api",  # brings it, as TensorFlow brings the next two
    "tensorflow_probability": "tensorflow-compression",
    "google": "tensorflow",
    "keras": "tensorflow",
    "absl": "tensorflow",
    "scipy": "bjontegaard",
    "pillow_heif": "pillow-heif",
}
PAGES = ("docker-compose.yml", "docs/serving.md")
RUNNING_WORLD = ("*.py", "bitstream/*.py", "cli/*.py", "images/*.py", "runtime/*.py")
STANDARD_LIBRARY = getattr(sys, "stdlib_module_names", None)
knows_standard_library = pytest.mark.skipif(
    STANDARD_LIBRARY is None,
    reason=needs.without("Python 3.9 does not list its library", "Python 3.10 or newer"),
)


class _Declared(NamedTuple):
    running: list[str]
    extras: list[str]


@pytest.fixture(scope="module")
def declared() -> _Declared:
    """The requirements of setup.py, which is run without building anything."""
    found: dict = {}
    path = ROOT / "setup.py"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setuptools, "setup", lambda **given: found.update(given))
        runpy.run_path(str(path))
    extras = [line for lines in found["extras_require"].values() for line in lines]
    return _Declared(found["install_requires"], extras)


def _names(requirements) -> set[str]:
    return {Requirement(line).name.lower().replace("_", "-") for line in requirements}


def _imported(path: Path, at_import: bool) -> set[str]:
    """Top names that a module imports; at_import: only as it is itself imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if at_import else ast.walk(tree)
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module or "")
    tops = {name.partition(".")[0] for name in names} - {"tfcomp", "__future__"}
    return tops - set(STANDARD_LIBRARY or ())


def _undeclared(paths, requirements, at_import: bool) -> dict[str, set[str]]:
    known = _names(requirements)
    wanted = {path: _imported(path, at_import) for path in paths}
    return {
        str(path.relative_to(ROOT)): missing
        for path, names in wanted.items()
        if (missing := {n for n in names if DISTRIBUTIONS.get(n, n).lower() not in known})
    }


@knows_standard_library
def test_the_running_world_imports_nothing_that_it_does_not_require(declared):
    paths = [path for names in RUNNING_WORLD for path in (ROOT / "tfcomp").glob(names)]
    assert _undeclared(paths, declared.running, at_import=True) == {}


@knows_standard_library
def test_whatever_the_package_imports_some_extra_requires(declared):
    paths = (ROOT / "tfcomp").rglob("*.py")
    assert _undeclared(paths, [*declared.running, *declared.extras], at_import=False) == {}


@pytest.mark.parametrize(
    ("name", "python", "lowest"),
    [
        ("pillow", "3.9", "11.3"),  # the last with wheels for 3.9
        ("pillow", "3.12", "12.3"),
        ("urllib3", "3.9", "2.6.3"),  # the last for 3.9
        ("urllib3", "3.12", "2.8"),
        ("jinja2", "3.9", "3.1.6"),
        ("tqdm", "3.9", "4.66.3"),
    ],
)
def test_no_version_with_a_known_hole_is_accepted(declared, name, python, lowest):
    asked = [Requirement(line) for line in (*declared.running, *declared.extras)]
    here = {"python_version": python}
    asked = [r for r in asked if r.name.lower() == name]
    asked = [r for r in asked if r.marker is None or r.marker.evaluate(here)]
    assert asked
    parts = [int(part) for part in lowest.split(".")]
    below = ".".join(map(str, [*parts[:-1], parts[-1] - 1, 99]))
    assert all(requirement.specifier.contains(lowest) for requirement in asked)
    assert not all(requirement.specifier.contains(below) for requirement in asked)


def test_compose_and_its_page_serve_with_the_same_release():
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in PAGES}
    tags = {name: set(re.findall(r"tensorflow/serving:(\S+)", texts[name])) for name in PAGES}
    (tag,) = tags["docker-compose.yml"]
    assert tags["docs/serving.md"] == {tag}
    # 2.14, which trains, is out of support.
    assert tuple(map(int, tag.partition("@")[0].split("."))) >= (2, 20)
