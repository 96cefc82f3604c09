"""Puts transparent pictures on a background; colours hidden under alpha are dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

import numpy as np
from PIL import Image, ImageColor

from tfcomp.errors import ConfigError

Background = Union[str, Sequence[int]]
WHITE = (255, 255, 255)
_NAMES = {WHITE: "white", (0, 0, 0): "black"}
_ALPHA_MODES = ("RGBA", "RGBa", "LA", "La", "PA")
# Pillow multiplies a PNG's samples of fewer bits by this, but not its transparent level.
_SCALE_OF_RAW_MODE = {"L;1": 255, "1": 255, "L;2": 85, "L;4": 17}


def checked_background(background: Background) -> tuple[int, int, int]:
    """Returns (r, g, b) from 0 to 255, given these three or a colour's name.

    Raises:
      ConfigError: it is not a colour.
    """
    try:
        if isinstance(background, str):
            return ImageColor.getrgb(background)[:3]  # type: ignore[return-value]
        red, green, blue = (int(level) for level in background)
        if min(red, green, blue) < 0 or max(red, green, blue) > 255:
            raise ValueError
    except (TypeError, ValueError):
        raise ConfigError(
            "background must be (r, g, b), each from 0 to 255, or a colour such as 'white' or "
            f"'#ffffff', not {str(background)[:40]!r}"
        ) from None
    return red, green, blue


def split_alpha(
    image: Image.Image, notes: list[str], raw_mode: str = ""
) -> tuple[Image.Image, Image.Image | None]:
    """(colours without alpha, alpha as mode L or None) of a loaded image.

    Args:
      image: a loaded image.
      notes: takes what was lost, a phrase each.
      raw_mode: how the file stored its samples, as Pillow calls it, where that is known.
    """
    mode = image.mode
    if mode in _ALPHA_MODES or _has_alpha_palette(image):
        # Modes with a small a are premultiplied; they convert to these only.
        whole = image.convert("LA" if mode in ("LA", "La") else "RGBA")
        return whole.convert("L" if whole.mode == "LA" else "RGB"), whole.getchannel("A")
    if "transparency" not in image.info:
        return image, None
    key = image.info["transparency"]
    opaque = image.copy()
    del opaque.info["transparency"]
    alpha = _key_alpha(image, key, raw_mode)
    if alpha is None:
        notes.append("transparent colour of 16 bits dropped")
    return opaque, alpha


def compose(
    colours: Image.Image,
    alpha: Image.Image | None,
    background: tuple[int, int, int],
    notes: list[str],
) -> Image.Image:
    """Mode RGB on a background. Adds to `notes` what was done with alpha, if there was any."""
    if alpha is None:
        return colours
    if alpha.getextrema() == (255, 255):
        notes.append("alpha dropped")  # it hid nothing
        return colours
    name = _NAMES.get(background, "#" + bytes(background).hex())
    notes.append(f"alpha composed on {name}")
    canvas = Image.new("RGB", colours.size, background)
    canvas.paste(colours, mask=alpha)
    return canvas


def _has_alpha_palette(image: Image.Image) -> bool:
    if image.mode != "P":
        return False
    palette = image.palette.mode if image.palette else ""
    return palette.startswith("RGBA") or "transparency" in image.info


def _key_alpha(image: Image.Image, key: Any, raw_mode: str) -> Image.Image | None:
    """Alpha of an image with one transparent level or colour; None where it is not known.

    Pillow keeps only the high bytes of 16-bit colours, so those pixels can't be found again.
    """
    samples = np.asarray(image)
    try:
        if image.mode == "RGB":
            if ";16" in raw_mode or max(key) > 255:
                return None
            hidden = (samples == np.array(key, np.int64)).all(axis=2)
        elif image.mode == "1":
            hidden = samples == bool(key)
        else:
            hidden = samples == int(key) * _SCALE_OF_RAW_MODE.get(raw_mode, 1)
    except (TypeError, ValueError):
        return None
    return Image.fromarray(np.where(hidden, 0, 255).astype(np.uint8))
