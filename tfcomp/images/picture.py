"""A picture with all that goes with its pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from tfcomp.image_spec import RGB8, ImageSpec
from tfcomp.images.colour import to_srgb
from tfcomp.images.kept_metadata import Metadata


@dataclass(frozen=True)
class Picture:
    """What a `.tfcomp` file holds, decoded.

    `PIL.Image.fromarray(picture.pixels)` takes the pixels in all their forms.

    Attributes:
      pixels: uint8, upright: [H, W, 3] RGB, [H, W] grey, [H, W, 4] RGB and alpha, or [H, W, 2] grey
        and alpha. Colours are not multiplied by alpha. Of a model of other pictures its samples.
      icc_profile: the profile of the colours; None where they are sRGB.
      exif: a TIFF structure (no "Exif" and zeros before it), or None.
      xmp: UTF-8 text, or None.
      spec: what the model's pictures are.
    """

    pixels: np.ndarray
    icc_profile: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    spec: ImageSpec = RGB8

    @property
    def metadata(self) -> Metadata:
        """What goes with the pixels."""
        return Metadata(self.icc_profile, self.exif, self.xmp)


def with_alpha(colours: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """uint8 [H, W] or [H, W, 3], and alpha [H, W] as one more channel where there is one."""
    return colours if alpha is None else np.dstack([colours, alpha])


def rgb_on(pixels: np.ndarray, background: tuple[int, int, int] = (255, 255, 255)) -> np.ndarray:
    """uint8 [H, W, 3] of a picture's pixels in any of their forms, on a background."""
    whole = pixels[:, :, None] if pixels.ndim == 2 else pixels
    channels = whole.shape[2]
    if channels == 3:
        return whole
    colours = np.broadcast_to(whole[:, :, : 1 if channels < 3 else 3], (*whole.shape[:2], 3))
    if channels == 1:
        return np.ascontiguousarray(colours)
    canvas = Image.new("RGB", (whole.shape[1], whole.shape[0]), background)
    alpha = Image.fromarray(np.ascontiguousarray(whole[:, :, -1]))
    canvas.paste(Image.fromarray(np.ascontiguousarray(colours)), mask=alpha)
    return np.asarray(canvas)


def in_srgb(picture: Picture, notes: list[str]) -> Picture:
    """The picture without its profile, its colours converted; notes what was done."""
    if picture.icc_profile is None:
        return picture
    pixels = picture.pixels
    whole = pixels[:, :, None] if pixels.ndim == 2 else pixels
    colours, alpha = whole, None
    if whole.shape[2] in (2, 4):
        colours, alpha = whole[:, :, :-1], whole[:, :, -1]
    mode = "L" if colours.shape[2] == 1 else "RGB"
    image = Image.fromarray(np.ascontiguousarray(colours[:, :, 0] if mode == "L" else colours))
    image.info["icc_profile"] = picture.icc_profile
    converted = np.asarray(to_srgb(image, notes).convert(mode))
    return Picture(with_alpha(converted, alpha), None, picture.exif, picture.xmp)


def in_mode(pixels: np.ndarray, mode: str) -> np.ndarray:
    """The pixels of a `Picture` in the form of L, LA, RGB or RGBA; opaque where it has no alpha."""
    whole = pixels[:, :, None] if pixels.ndim == 2 else pixels
    if whole.shape[2] == len(mode):
        return whole
    opaque = np.full((*whole.shape[:2], 1), 255, np.uint8)
    return np.concatenate([whole, opaque], axis=2)
