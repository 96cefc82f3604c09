"""The C library decodes frames that depend on each other."""

from __future__ import annotations

import json
import shutil

import numpy as np
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


def test_a_bundle_whose_dependent_frames_are_newer_is_refused(sanitized, tmp_path):
    data, _ = toy_bundle.sequence(toy_bundle.write_bundle(tmp_path / "toy"), 75, 100)
    (tmp_path / "in.tfcomp").write_bytes(data)
    manifest = json.loads((tmp_path / "toy" / "manifest.json").read_text())
    manifest["entropy"]["sequence"] = 2
    (tmp_path / "toy" / "manifest.json").write_text(json.dumps(manifest))
    files = tmp_path / "toy", tmp_path / "in.tfcomp", tmp_path / "out.latents"
    done = run(sanitized / "decode", *files)
    assert done.returncode == 2 and "newer than this program" in done.stderr


def test_litert_runs_the_networks_of_a_real_bundle(with_litert, tmp_path):
    pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)
    import tfcomp
    from tests import hyperprior_factory
    from tfcomp.export.bundle import write_bundle

    config = hyperprior_factory.sequence_config()
    model = hyperprior_factory.lively_model(config=config)
    write_bundle(model, config, tmp_path / "chained", "chained")
    codec = tfcomp.load(tmp_path / "chained")
    scene = np.random.default_rng(5).integers(0, 256, (2, 50, 70, 3), dtype=np.uint8)
    data = codec.compress_frames([scene[0]] * 3 + [scene[1]])
    (tmp_path / "in.tfcomp").write_bytes(data)
    file = codec.read_file(data)
    assert [frame.dependent for frame in file.frames] == [False, True, True, False]
    coder, before = codec.entropy_coder, None
    for number, frame in enumerate(file.frames):
        (image,) = frame.images
        own = coder.after(before) if frame.dependent else coder
        size = [-(-side // codec.bundle.stride) for side in (image.height, image.width)]
        before = own.decode_frame(image.sections, image.level, *size)
        out = tmp_path / f"{number}.latents"
        done = run(
            with_litert / "decode", *(tmp_path / "chained", tmp_path / "in.tfcomp", out),
            *("--frame", number),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found = np.fromfile(out, np.int32).reshape(before.latents.shape)
        np.testing.assert_array_equal(found, before.latents)
