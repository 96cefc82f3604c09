"""Golden pictures in files of format version 2, for readers in other languages."""

from __future__ import annotations

import numpy as np

import tfcomp
from tests.conftest import ROOT
from tests.spec.picture_lines import tile_sizes
from tfcomp.bitstream.container import Container
from tfcomp.bitstream.picture_file import Frame

GOLDEN = ROOT / "spec" / "golden"


def golden(bundle: str, name: str = "chelsea-quality-4") -> tuple:
    """(codec, image as coded, its latents [h, w, C])."""
    codec = tfcomp.load(bundle)
    image = codec.read_file((GOLDEN / bundle / f"{name}.tfcomp").read_bytes()).frames[0].images[0]
    stride = codec.info["stride"]
    size = -(-image.height // stride), -(-image.width // stride)
    return codec, image, codec.entropy_coder.decode(image.sections, image.quality, *size)


def tiled(codec, image: Container, latents: np.ndarray, side: int, grey: bool = False) -> Frame:
    """The same latents in tiles of `side` pixels."""
    step, sizes = side // codec.info["stride"], tile_sizes(image.width, image.height, side)
    parts = [
        latents[top : top + step, left : left + step]
        for top in range(0, latents.shape[0], step)
        for left in range(0, latents.shape[1], step)
    ]
    images = tuple(
        Container(
            image.fingerprint,
            image.quality,
            *size,
            codec.entropy_coder.encode(np.ascontiguousarray(part), image.quality),
        )
        for size, part in zip(sizes, parts, strict=True)
    )
    return Frame(images, image.width, image.height, side, grey)
