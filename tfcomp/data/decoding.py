"""Any image file that Pillow reads -> RGB pixels, as the photograph is meant to be seen."""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps


def decode_rgb(source: str | os.PathLike | bytes) -> np.ndarray:
    """Decodes one image (a path, or the file's bytes) to uint8 [H, W, 3], RGB.

    EXIF orientation is applied; the first frame of an animation is taken; transparency is dropped
    (not blended), as `Image.convert("RGB")` does; grey, palette and CMYK become RGB; 16-bit grey is
    scaled to the nearest of 256 levels. All as tfcomp.runtime.image_input does it, so that a codec
    is trained on what it will be given; but embedded colour profiles are ignored here.

    Raises whatever Pillow raises on a file that it cannot read in full: OSError for most damage,
    but also SyntaxError, ValueError, struct.error and others.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd metadata and large pictures: neither stops a decode
        with Image.open(file) as image:
            image.load()
            upright = ImageOps.exif_transpose(image)
        return _to_rgb(upright)


def is_readable_header(path: Path) -> bool:
    """True where Pillow recognises the file's header; cheap, the pixels are not decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                return min(image.size) > 0
    except Exception:  # noqa: BLE001 - Pillow's parsers raise nearly anything on bytes that are not theirs
        return False


def _to_rgb(image: Image.Image) -> np.ndarray:
    if image.mode.startswith("I"):  # 16-bit grey, which convert("RGB") would clip to white
        return _grey_to_rgb(np.asarray(image) / 257.0)  # 65535 = 257 * 255
    if image.mode == "F":
        values = np.nan_to_num(np.asarray(image, dtype=np.float32))
        return _grey_to_rgb(values * 255.0 if values.max() <= 1.0 else values)
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")  # Pillow warns of the direct road
    return np.array(image.convert("RGB"), dtype=np.uint8)


def _grey_to_rgb(values: np.ndarray) -> np.ndarray:
    grey = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)
