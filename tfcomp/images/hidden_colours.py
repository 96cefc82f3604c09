"""Replaces colours that nobody sees, under full transparency, by smooth ones that cost no bits.

Pull-push: the visible colours are averaged into smaller and smaller pictures, until nothing is
hidden; on the way back, hidden pixels take what the smaller picture shows there.

Gortler et al., "The Lumigraph", SIGGRAPH 1996, section 3.6.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

_NOTHING_VISIBLE = (128, 128, 128)


def smooth_hidden(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The colours, with those under alpha 0 filled in from around them.

    Args:
      colours: uint8 [H, W, 3].
      alpha: uint8 [H, W].
    """
    visible = alpha > 0
    if visible.all():
        return colours
    if not visible.any():
        return np.full_like(colours, _NOTHING_VISIBLE[0])
    return np.asarray(
        _filled(Image.fromarray(colours), Image.fromarray(visible.view(np.uint8) * 255))
    )


def _filled(colours: Image.Image, visible: Image.Image) -> Image.Image:
    """The colours where `visible` is not 0, and smooth ones elsewhere."""
    if np.asarray(visible).all() or colours.size == (1, 1):
        return colours
    whole = colours.copy()
    whole.putalpha(visible)
    smaller = whole.reduce(2)  # weighs colours by alpha
    parts = smaller.getchannel("A").point(lambda share: 255 if share else 0)
    around = _filled(smaller.convert("RGB"), parts)
    return Image.composite(colours, around.resize(colours.size, Image.Resampling.BILINEAR), visible)
