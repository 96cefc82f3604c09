"""Metadata that is given to `save` in place of the image's own."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageOps

from tfcomp.errors import one_line


def with_metadata(image: Image.Image, given: Mapping[str, Any]) -> Image.Image:
    """The image, or a copy of it that has other metadata.

    Args:
      image: not changed.
      given: icc_profile, exif (bytes or `Image.Exif`) and xmp; empty ones take away the image's.
        Pixels stay as they are, but that they are turned as an Exif says that is given. One that
        cannot be read is left out, with a warning.
    """
    if not given:
        return image
    copy = image.copy()
    for name, content in given.items():
        if isinstance(content, Image.Exif):
            content = content.tobytes()
        if isinstance(content, str):
            content = content.encode()
        if content:
            copy.info[name] = content
        else:
            copy.info.pop(name, None)
    if not given.get("exif"):
        return copy
    try:
        return ImageOps.exif_transpose(copy)
    except Exception as error:  # noqa: BLE001
        # Pillow raises many types for Exif that is damaged.
        warnings.warn(f"damaged EXIF is dropped: {one_line(error)}", stacklevel=2)
        copy.info.pop("exif")
        return copy
