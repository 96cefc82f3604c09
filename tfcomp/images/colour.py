"""Colours with an ICC profile, converted to sRGB where Pillow was built with LittleCMS."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

_SAME_COLOUR = 3  # levels of 255 by which other sRGB profiles may differ


def to_srgb(image: Image.Image, notes: list[str]) -> Image.Image:
    """An L, RGB, CMYK or LAB image with its ICC profile, if any, applied: sRGB or unchanged.

    Adds to `notes` what was done, or that the profile had to be dropped.
    """
    profile_bytes = image.info.get("icc_profile")
    if not profile_bytes:
        return image
    try:
        from PIL import ImageCms

        profile = ImageCms.ImageCmsProfile(io.BytesIO(profile_bytes))
        name = " ".join(ImageCms.getProfileDescription(profile).split())
        srgb = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(profile, srgb, image.mode, "RGB")
        if image.mode == "RGB" and _changes_nothing(transform):
            return image
        converted = ImageCms.applyTransform(image, transform)
        assert converted is not None  # only an in-place conversion returns nothing
    except Exception:  # noqa: BLE001
        # No LittleCMS, a damaged profile, or one for another colour space.
        notes.append("colour profile dropped")
        return image
    notes.append(f"colours converted from {name[:60] or 'an ICC profile'} to sRGB")
    return converted


def _changes_nothing(transform: Any) -> bool:
    """Whether colours from all over the cube stay the same."""
    from PIL import ImageCms

    levels = np.linspace(0, 255, 9).astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(27, 27, 3)
    after = np.asarray(ImageCms.applyTransform(Image.fromarray(cube), transform))
    return bool(np.abs(after.astype(int) - cube).max() <= _SAME_COLOUR)
