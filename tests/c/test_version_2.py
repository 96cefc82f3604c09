"""The C library's example decodes what files of format version 2 hold."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from tests import needs
from tests.c.building import run
from tests.shipped import folder_of
from tests.spec.version_2_files import golden, tiled
from tfcomp.bitstream.picture_file import Alpha, Frame, PictureFile
from tfcomp.bitstream.picture_writer import write_file

# Of kinds whose latents are decoded without networks.
BUNDLES = ["binary", "cycle-factorized"]
SIDE = 64  # of tiles, in pixels

pytestmark = pytest.mark.skipif(
    not shutil.which("cmake") or not (shutil.which("cc") or shutil.which("gcc")),
    reason=needs.CMAKE,
)


def decoded(program, tmp_path, bundle: str, data: bytes, *choices: str) -> np.ndarray:
    """The latents that the example makes of a file."""
    (tmp_path / "in.tfcomp").write_bytes(data)
    folder = folder_of(bundle)
    done = run(program, folder, tmp_path / "in.tfcomp", tmp_path / "out.latents", *choices)
    assert done.returncode == 0, done.stderr
    return np.frombuffer((tmp_path / "out.latents").read_bytes(), np.int32)


@pytest.mark.parametrize("bundle", BUNDLES)
def test_the_latents_of_tiles_are_those_of_the_whole(sanitized, tmp_path, bundle):
    codec, image, latents = golden(bundle)
    frame = tiled(codec, image, latents, SIDE)
    assert len(frame.images) > 4
    found = decoded(sanitized / "decode", tmp_path, bundle, write_file(PictureFile((frame,))))
    np.testing.assert_array_equal(found, latents.ravel())


@pytest.mark.parametrize("bundle", BUNDLES)
def test_tiles_that_a_file_lacks_are_zeros(sanitized, tmp_path, bundle):
    codec, image, latents = golden(bundle)
    data = write_file(PictureFile((tiled(codec, image, latents, SIDE),)))
    found = decoded(sanitized / "decode", tmp_path, bundle, data[: len(data) // 2], "--partial")
    found, step = found.reshape(latents.shape), SIDE // codec.info["stride"]
    np.testing.assert_array_equal(found[:step, :step], latents[:step, :step])
    assert not found[-1, -1].any()


def test_a_frame_of_a_sequence_is_chosen_by_its_number(sanitized, tmp_path):
    held = [golden("binary", name) for name in ("chelsea-quality-4", "chelsea-quality-4")]
    frames = [Frame((image,), image.width, image.height, duration=9) for _, image, _ in held]
    data = write_file(PictureFile(tuple(frames), loops=0))
    found = decoded(sanitized / "decode", tmp_path, "binary", data, "--frame", "1")
    np.testing.assert_array_equal(found, held[1][2].ravel())


def test_what_goes_with_a_picture_is_written_beside_it(sanitized, tmp_path):
    _, image, _ = golden("binary")
    Image.new("L", (image.width, image.height), 77).save(tmp_path / "alpha.png")
    alpha = Alpha((tmp_path / "alpha.png").read_bytes())
    frame = Frame((image,), image.width, image.height, alpha=alpha)
    data = write_file(PictureFile((frame,), None, b"profile", b"exif"))
    decoded(sanitized / "decode", tmp_path, "binary", data, "--sidecars")
    beside = {path.name: path.read_bytes() for path in tmp_path.glob("out.latents.*")}
    assert beside == {
        "out.latents.alpha.png": alpha.png,
        "out.latents.icc": b"profile",
        "out.latents.exif": b"exif",
    }
