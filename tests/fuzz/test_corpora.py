"""The fuzz targets' seeds: they are read without a fault, in C under the sanitizers and in Python.

`make fuzz` runs the targets themselves, for minutes and with clang; this takes any C compiler.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from fuzz import make_corpora
from fuzz.python_target import Target
from tests import needs
from tests.conftest import ROOT

CORPUS = ROOT / "fuzz" / "corpus"
MOST_BYTES = 400_000  # of all seeds: a checkout stays small

needs_cmake = pytest.mark.skipif(
    not shutil.which("cmake") or not (shutil.which("cc") or shutil.which("gcc")),
    reason=needs.CMAKE,
)


def _seeds(kind: str) -> list[Path]:
    return sorted((CORPUS / kind).iterdir())


@pytest.fixture(scope="module")
def programs(tmp_path_factory) -> Path:
    """The targets with a main of their own, with the address and undefined-behaviour sanitizers."""
    folder = tmp_path_factory.mktemp("fuzz")
    for command in (
        ["cmake", "-S", ROOT / "fuzz", "-B", folder],
        ["cmake", "--build", folder, "--parallel", "2"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning" not in done.stderr.lower(), done.stderr
    return folder


def _replay(program: Path, kind: str) -> tuple[int, int]:
    """Runs a program over a corpus; (inputs, those that were read to their end)."""
    done = subprocess.run([program, CORPUS / kind], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    words = done.stdout.split()
    return int(words[0]), int(words[2])


@needs_cmake
@pytest.mark.parametrize(
    ("kind", "least_sound"),
    [("file", 30), ("pictures", 20), ("cuts", 8), ("sections", 28), ("tables", 4)],
)
def test_the_seeds_of_a_c_target_are_read_and_many_of_them_to_their_end(
    programs, kind, least_sound
):
    inputs, sound = _replay(programs / f"replay_{kind}", kind)
    assert inputs == len(_seeds(kind))
    assert sound >= least_sound


@needs_cmake
def test_where_an_allocation_fails_the_library_says_so_and_nothing_leaks(programs):
    inputs, runs = _replay(programs / "failing_allocations", "file")
    assert runs > 3 * inputs


@needs_cmake
def test_threads_that_share_tables_decode_what_one_decodes_alone(programs):
    inputs, decoded = _replay(programs / "threads", "file")
    assert decoded == 4 * 3 * inputs


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Counter]:
    """What becomes of every seed in Python, by corpus; anything but a CodecError ends the test."""
    target = Target()
    return {
        kind: Counter(target.run(seed.read_bytes()) for seed in _seeds(kind))
        for kind in ("file", "pictures", "cuts", "tables", "bundle")
    }


def test_python_reads_files_of_every_shipped_bundle_among_the_seeds(outcomes):
    for name in make_corpora.bundles():
        assert outcomes["file"][f"latents of {name}"] >= 1
    assert outcomes["file"]["BitstreamError"] >= 1


def test_python_reads_stills_and_sequences_among_the_seeds(outcomes):
    for name, manifest in make_corpora.bundles().items():
        if manifest.fixed_size is not None:
            continue
        assert outcomes["pictures"][f"1 frames: latents of {name}"] >= 3
        assert outcomes["pictures"][f"2 frames: latents of {name}"] >= 1
    assert outcomes["pictures"]["BitstreamError"] >= 1


def test_python_reads_beginnings_of_files_among_the_seeds(outcomes):
    assert outcomes["cuts"]["a picture of a sound file"] >= 8
    assert outcomes["cuts"]["nothing of a sound file"] >= 2


def test_python_reads_tables_and_bundles_among_the_seeds(outcomes):
    assert outcomes["tables"]["tables of hyper_latents, latents"] >= 3
    assert outcomes["tables"]["BundleError"] >= 4
    assert outcomes["bundle"]["bundle vaegan-faces"] >= 3


def test_the_seeds_are_those_that_the_formulas_give_today():
    """Of those whose bytes no network's arithmetic decides."""
    for kind, seeds in (
        ("file", {**make_corpora.golden_files(), **make_corpora.toy_files()}),
        ("pictures", make_corpora.vector_files()),
        ("cuts", make_corpora.cuts()),
        ("sections", make_corpora.sections()),
        ("tables", make_corpora.tables()),
    ):
        for name, data in seeds.items():
            assert (CORPUS / kind / name).read_bytes() == data, f"{kind}/{name}"


def test_the_seeds_stay_small():
    sizes = [path.stat().st_size for path in CORPUS.glob("*/*")]
    assert max(sizes) < 20_000
    assert sum(sizes) < MOST_BYTES
