"""The C library decodes frames that depend on each other."""

from __future__ import annotations

import shutil

import pytest

from tests import needs
from tests.c.building import run
from tests.spec import toy_bundle

pytestmark = pytest.mark.skipif(
    not shutil.which("cmake") or not (shutil.which("cc") or shutil.which("gcc")),
    reason=needs.CMAKE,
)


def test_frames_are_the_same_played_and_sought(sanitized, tmp_path):
    data, latents = toy_bundle.sequence(toy_bundle.write_bundle(tmp_path / "toy"), 75, 100)
    (tmp_path / "in.tfcomp").write_bytes(data)
    (tmp_path / "in.latents").write_bytes(latents.tobytes())
    numbers = toy_bundle.FEATURES, toy_bundle.SCALES
    files = tmp_path / "toy", tmp_path / "in.tfcomp", tmp_path / "in.latents"
    done = run(sanitized / "test_dependent_frames", *files, *numbers)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(toy_bundle.KINDS)} frames, 0 failures" in done.stdout
