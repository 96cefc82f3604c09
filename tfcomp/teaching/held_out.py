"""Which pictures are kept from the training, and what is measured on them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Sequence

import numpy as np
from PIL import Image

from tfcomp.data.decoding import decode_rgb
from tfcomp.errors import ConfigError
from tfcomp.images.cropping import middle

_SHARE = 0.1
FEWEST, MOST = 3, 24
_LARGEST_SIDE = 1024  # of a measured picture: its middle tells as much, and takes less time


def choose(paths: Sequence[Path], root: Path, share: float = _SHARE) -> list[Path]:
    """A tenth of the pictures, 3 to 24, the same ones each time.

    A picture's place follows from its name alone, so that more pictures change the choice little.

    Args:
      paths: of all pictures.
      root: the folder they lie in.
      share: instead of a tenth.
    """
    number = min(MOST, max(FEWEST, round(share * len(paths))))

    def place(path: Path) -> bytes:
        return hashlib.sha256(path.relative_to(root).as_posix().encode()).digest()

    return sorted(sorted(paths, key=place)[:number])


def write(paths: Sequence[Path], folder: Path, shrink: float) -> int:
    """Writes pictures as they are measured: PNG, shrunk, the middle of large ones.

    Args:
      paths: of the pictures.
      folder: where to; made.
      shrink: the factor, 1 for none.

    Returns:
      how many there are; files that can't be read are left out.

    Raises:
      ConfigError: none can be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for path in paths:
        try:
            pixels = decode_rgb(path)
        except Exception:  # noqa: BLE001 - Pillow raises nearly anything; training leaves it out too
            continue
        image = Image.fromarray(middle(_shrunk(pixels, shrink), _LARGEST_SIDE, _LARGEST_SIDE))
        image.save(folder / f"{written:03d}-{path.stem[:40]}.png")
        written += 1
    if not written:
        raise ConfigError("none of the pictures that were held out can be read")
    return written


def _shrunk(pixels: np.ndarray, factor: float) -> np.ndarray:
    if factor == 1:
        return pixels
    height, width = pixels.shape[:2]
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def crops(folder: Path, side: int, number: int) -> np.ndarray:
    """The middles of the pictures in a folder, uint8 [number or fewer, side, side, 3].

    Smaller pictures are continued by their own mirror image.
    """
    found = []
    for path in sorted(folder.glob("*.png"))[:number]:
        pixels = middle(np.asarray(Image.open(path, formats=["PNG"])), side, side)
        missing = [(0, side - length) for length in pixels.shape[:2]]
        found.append(np.pad(pixels, [*missing, (0, 0)], mode="symmetric"))
    return np.stack(found)
