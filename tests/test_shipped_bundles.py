"""The bundles in the package: they load, the command lists them, and a wheel carries them."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import tfcomp
from tests import needs, shipped
from tests.conftest import ROOT
from tfcomp.runtime.bundle import read_manifest

BUNDLES, OWN = shipped.folders(), shipped.folders(shipped.OWN)
EACH = pytest.mark.parametrize("folder", BUNDLES, ids=[folder.name for folder in BUNDLES])
# Mean over pixels. A codec of faces alone makes what it can of other pictures.
LARGEST_ERROR = {"cycle": 16, "binary": 32, "vaegan": 64}
FILES = {"manifest.json", "README.md", "encoder.tflite", "decoder.tflite", "tables.npz"}


def models(monkeypatch, capsys) -> dict[str, dict]:
    """What `tfcomp models` lists of the package's own bundles, by folder."""
    from tfcomp.cli import main

    monkeypatch.delenv("TFCOMP_BUNDLES", raising=False)
    assert main(["models", "--json"]) == 0
    return {record["path"]: record for record in json.loads(capsys.readouterr().out)}


def test_a_bundle_is_shipped():
    assert BUNDLES


@EACH
def test_a_shipped_bundle_is_whole_and_codes_an_image(folder):
    assert set(os.listdir(folder)) >= FILES
    codec = tfcomp.load(folder)
    width, height = codec.info["fixed_size"] or (50, 40)
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([rows * 240 / height, columns * 250 / width, rows + columns], axis=2)
    for quality in (1, codec.qualities):
        decoded = codec.decompress(codec.compress(image.astype(np.uint8), quality=quality))
        assert decoded.shape == image.shape
        assert np.abs(decoded - image).mean() < LARGEST_ERROR[codec.info["family"]]


def test_what_comes_along_stays_small():
    assert sum(path.stat().st_size for folder in OWN for path in folder.iterdir()) <= 25e6


@EACH
def test_no_entropy_network_permits_a_runtime_to_compute_in_float16(folder):
    network = folder / "entropy.tflite"
    assert network.is_file() == (read_manifest(folder).layout is not None)
    if network.is_file():
        assert b"reduced_precision" not in network.read_bytes()


@EACH
def test_the_command_lists_a_shipped_bundle(folder, monkeypatch, capsys):
    listed = models(monkeypatch, capsys)
    manifest = read_manifest(folder)
    record = listed[str(folder)]
    assert record["name"] == manifest.name
    assert record["fingerprint"] == manifest.fingerprint
    assert {point["quality"] for point in record["rate_distortion"]} <= set(
        range(1, manifest.qualities + 1)
    )


def test_shipped_bundles_have_names_and_short_fingerprints_of_their_own():
    manifests = [read_manifest(folder) for folder in BUNDLES]
    assert len({manifest.name for manifest in manifests}) == len(BUNDLES)
    assert len({manifest.short_fingerprint for manifest in manifests}) == len(BUNDLES)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """A wheel built, as pip builds it, from a copy: building writes into the source folder."""
    if not all(map(importlib.util.find_spec, ("pip", "setuptools", "wheel"))):
        pytest.skip(needs.without("a wheel cannot be built", "pip install pip setuptools wheel"))
    source = tmp_path_factory.mktemp("source")
    for name in ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    leave = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")
    shutil.copytree(ROOT / "tfcomp", source / "tfcomp", ignore=leave)
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    build += ["--no-index", "--wheel-dir", str(out), str(source)]
    child = subprocess.run(build, capture_output=True, text=True, check=False)
    assert child.returncode == 0, child.stderr[-2000:]
    (path,) = out.glob("tfcomp-*.whl")
    return path


def test_a_wheel_carries_every_file_of_the_bundles_and_what_the_package_reads(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        for folder in OWN:
            for file in folder.iterdir():
                packed = f"tfcomp/bundles/{folder.name}/{file.name}"
                assert packed in names
                assert archive.read(packed) == file.read_bytes()
    assert "tfcomp/py.typed" in names
    kept = {path for path in (ROOT / "tfcomp").rglob("*") if path.is_file()}
    kept = {path for path in kept if "__pycache__" not in path.parts}
    kept = {path for path in kept if path.suffix not in (".so", ".pyd") and path.name[0] != "."}
    assert {path.relative_to(ROOT).as_posix() for path in kept} <= names


def test_what_is_installed_from_a_wheel_codes_without_the_source(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    script = (
        "import numpy as np, tfcomp\n"
        "data = tfcomp.load(tfcomp.list_models()[0]).compress(np.zeros((9, 7, 3), np.uint8))\n"
        "assert tfcomp.decompress(data).shape == (9, 7, 3)\n"
        "print(tfcomp.__file__)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    environment.pop("TFCOMP_BUNDLES", None)
    child = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    assert child.stdout.startswith(str(tmp_path))
