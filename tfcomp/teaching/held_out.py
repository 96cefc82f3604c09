"""Which pictures are kept from the training, and what is measured on them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Iterable, Sequence

import numpy as np
from PIL import Image

from tfcomp.errors import ConfigError
from tfcomp.evaluation.images import image_files, read_pixels
from tfcomp.image_spec import RGB8, ImageSpec
from tfcomp.images.cropping import middle

_SHARE = 0.1
FEWEST, MOST = 3, 24
_LARGEST_SIDE = 1024  # of a measured picture: its middle tells as much, and takes less time


def choose(names: Sequence[str]) -> list[str]:
    """A tenth of the names, 3 to 24, the same ones each time.

    A picture's place follows from its name alone, so that more pictures change the choice little.

    Args:
      names: of all pictures, within their folder.
    """

    def place(name: str) -> bytes:
        return hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()

    return sorted(sorted(names, key=place)[: number_of(len(names))])


def number_of(count: int) -> int:
    """How many of so many pictures are measured."""
    return min(MOST, max(FEWEST, round(_SHARE * count)))


def write(
    pictures: Iterable[tuple[str, np.ndarray]],
    folder: Path,
    shrink: float,
    spec: ImageSpec = RGB8,
) -> int:
    """Writes pictures as they are measured, without loss: shrunk, the middle of large ones.

    As PNG what is 8-bit RGB or grey; as .npy all else.

    Args:
      pictures: names, and samples [H, W, channels].
      folder: where to; made.
      shrink: the factor, 1 for none.
      spec: of the pictures.

    Returns:
      how many there are.

    Raises:
      ConfigError: none at all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for name, pixels in pictures:
        kept = middle(_shrunk(pixels, shrink, spec), _LARGEST_SIDE, _LARGEST_SIDE)
        path = folder / f"{written:03d}-{name[:40]}"
        if spec.is_screen:
            image = Image.fromarray(kept[:, :, 0] if spec.channels == 1 else kept)
            image.save(f"{path}.png")
        else:
            np.save(f"{path}.npy", kept)
        written += 1
    if not written:
        raise ConfigError("none of the pictures that were held out can be read")
    return written


def _shrunk(pixels: np.ndarray, factor: float, spec: ImageSpec) -> np.ndarray:
    if factor == 1:
        return pixels
    height, width = pixels.shape[:2]
    size = max(1, round(width * factor)), max(1, round(height * factor))
    if spec.is_rgb8:
        return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
    planes = [
        np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS))
        for plane in np.moveaxis(pixels.astype(np.float32), -1, 0)
    ]
    values = np.clip(np.stack(planes, axis=-1), spec.low, spec.high)
    return (np.rint(values) if spec.is_whole else values).astype(spec.dtype)


def crops(folder: Path, side: int, number: int, spec: ImageSpec = RGB8) -> np.ndarray:
    """The middles of the pictures in a folder, samples [number or fewer, side, side, channels].

    Smaller pictures are continued by their own mirror image.
    """
    found = []
    for path in image_files(folder, spec)[:number]:
        pixels = middle(read_pixels(path, spec), side, side)
        missing = [(0, side - length) for length in pixels.shape[:2]]
        found.append(np.pad(pixels, [*missing, (0, 0)], mode="symmetric"))
    return np.stack(found)
