"""Writes a folder of golden files: what a shipped bundle made of three photographs, for good.

    python -m tests.spec.make_golden cycle-factorized --model cycle

Files of format version 1 stay readable (README.md), so a folder is written once, when its bundle is
shipped, and never again: tests/runtime/test_golden_files.py reads every folder with whichever
installed bundle has the files' fingerprint. A new bundle gets a folder of its own.

    golden.json       for each file what it was made from, and what it must decode to
    NAME.tfcomp       a compressed crop of one of scikit-image's photographs
    NAME.png          its pixels as decoded where it was made
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from tfcomp import api
from tfcomp.bitstream.container import Container
from tfcomp.runtime import codec, registry
from tfcomp.runtime.manifest import Manifest

HOME = Path(__file__).resolve().parents[2] / "spec" / "golden"


class Crop(NamedTuple):
    """Part of a photograph (a name of `tfcomp.data.sample_images`), in pixels."""

    photograph: str
    left: int
    top: int
    width: int
    height: int


CROPS = (  # each with its quality
    (Crop("astronaut", 180, 70, 96, 80), 1),
    (Crop("chelsea", 120, 90, 131, 67), 4),
    (Crop("coffee", 230, 120, 64, 64), 8),
)
BETWEEN = ((Crop("chelsea", 200, 60, 80, 96), 5.5),)  # for bundles with qualities in between
FACE = ((Crop("astronaut", 160, 60, 128, 128), 1),)  # for bundles of that one size


def decode(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Latents int32 [h, w, C] and pixels uint8 [H, W, 3] of a file, by the bundle that it names.

    The latents are what the entropy coder gives: the same integers on every machine. The pixels
    are what `tfcomp.decompress` gives, whose floating-point sums may be rounded in other ways.
    """
    return decode_latents(data)[0], api.decompress(data)


def decode_latents(data: bytes) -> tuple[np.ndarray, Container]:
    """Latents int32 [h, w, C] of a file, by the bundle that it names, and the file taken apart."""
    picture, _ = codec.read_installed(data)
    (container,) = picture.frames[0].images
    owner = api.shared_codec(registry.find_by_fingerprint(container.fingerprint))
    stride = owner.bundle.manifest.stride
    rows, columns = -(-container.height // stride), -(-container.width // stride)
    coder = owner.entropy_coder
    return coder.decode(container.sections, container.quality, rows, columns), container


def sha256(array: np.ndarray | bytes, dtype: str = "u1") -> str:
    """Of an array's values as `dtype`, in row-major order; bytes as they are."""
    if not isinstance(array, bytes):
        array = np.ascontiguousarray(array, dtype).tobytes()
    return hashlib.sha256(array).hexdigest()


def latents_sha256(latents: np.ndarray) -> str:
    """Over int32, little-endian, [h, w, C] in row-major order."""
    return sha256(latents, "<i4")


def _crops(manifest: Manifest) -> tuple[tuple[Crop, float], ...]:
    if manifest.fixed_size:
        return FACE
    return CROPS if manifest.quality_steps == 1 else CROPS + BETWEEN


def make(name: str, model: str) -> Path:
    """Writes the folder spec/golden/NAME with an installed model; returns it."""
    from tfcomp.data import sample_images

    writer = api.load(model)
    folder = HOME / name
    folder.mkdir()
    photographs = sample_images()
    files = []
    for crop, quality in _crops(writer.bundle.manifest):
        rows = slice(crop.top, crop.top + crop.height)
        columns = slice(crop.left, crop.left + crop.width)
        data = writer.compress(photographs[crop.photograph][rows, columns], quality=quality)
        latents, pixels = decode(data)
        file = f"{crop.photograph}-quality-{quality}"
        (folder / f"{file}.tfcomp").write_bytes(data)
        Image.fromarray(pixels).save(folder / f"{file}.png", optimize=True)
        files.append(
            {
                "file": f"{file}.tfcomp",
                "source": crop._asdict(),
                "quality": quality,
                "sha256": sha256(data),
                "width": crop.width,
                "height": crop.height,
                "latents_shape": list(latents.shape),
                "latents_sha256": latents_sha256(latents),
                "pixels": f"{file}.png",
                "pixels_sha256": sha256(pixels),
                "pixels_mean": round(float(pixels.mean()), 3),
            }
        )
    manifest = writer.bundle.manifest
    golden = {"fingerprint": manifest.fingerprint, "files": files}
    (folder / "golden.json").write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.spec.make_golden", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("name", help="of the folder to write; it must not be there yet")
    parser.add_argument("--model", required=True, help="installed model, or a bundle folder")
    options = parser.parse_args()
    print(make(options.name, options.model))


if __name__ == "__main__":
    main()
