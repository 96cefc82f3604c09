"""Decodes an image file of any known format to RGB, as the photograph is meant to be seen."""

from __future__ import annotations

import io
import os
import warnings
from typing import Any

import numpy as np

from tfcomp.images.conversion import Storage, upright_rgb
from tfcomp.images.opening import open_image


def decode_rgb(
    source: str | os.PathLike | bytes, notes: list[str] | None = None, frame: int = 0
) -> np.ndarray:
    """Decodes one image (a path, or the file's bytes) to uint8 [H, W, 3], RGB.

    It follows the rules of tfcomp/images, as tfcomp.runtime.image_input does, so that training sees
    what the codec will be given; but embedded colour profiles are ignored here.

    Args:
      source: the image.
      notes: takes what was lost, a phrase each.
      frame: which picture of a file that holds several.

    Raises:
      ImageError: the samples are in no known range, or the format is not read here.
      OSError: for most damage; Pillow also raises SyntaxError, ValueError, struct.error and others.
    """
    file: Any = io.BytesIO(source) if isinstance(source, bytes) else source
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd metadata and large pictures: neither stops a decode
        with open_image(file) as image:
            if frame:
                image.seek(frame)
            storage = Storage.of(image)
            image.load()
            rgb = upright_rgb(image, storage, [] if notes is None else notes)
            return np.array(rgb, dtype=np.uint8)


def is_readable_header(path: str | os.PathLike) -> bool:
    """True where Pillow recognises the file's header; cheap, the pixels are not decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with open_image(path) as image:
                return min(image.size) > 0
    except Exception:  # noqa: BLE001 - Pillow's parsers raise nearly anything on bytes that are not theirs
        return False
