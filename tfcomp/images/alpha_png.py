"""Alpha as a PNG file of one 8-bit channel, as a .tfcomp file holds it."""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import Image

from tfcomp.errors import BitstreamError

_ROWS = 64  # that are divided at a time


def encode_alpha(alpha: np.ndarray) -> bytes:
    """The PNG file of uint8 [H, W]."""
    stream = io.BytesIO()
    Image.fromarray(alpha).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def decode_alpha(png: bytes, size: tuple[int, int]) -> np.ndarray:
    """uint8 [H, W] of a PNG file.

    Args:
      png: the file.
      size: (width, height) that it must have; nothing larger is allocated.

    Raises:
      BitstreamError: it is damaged, or of another size or kind.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the caller has checked the size
            with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
                if image.size != size or image.mode != "L":
                    raise ValueError
                image.load()
                if image.size != size or image.mode != "L":
                    raise ValueError
                return np.array(image)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001
        # Pillow raises many types for damaged files.
        raise BitstreamError(
            "the file's alpha is damaged; get an undamaged copy of the file"
        ) from None


def straight(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Colours that were multiplied by alpha, divided by it: 0 where alpha is 0.

    Args:
      colours: uint8 [H, W] or [H, W, 3].
      alpha: uint8 [H, W].
    """
    divided = np.empty_like(colours)
    wide = colours.reshape(*alpha.shape, -1)
    for top in range(0, len(alpha), _ROWS):
        share = alpha[top : top + _ROWS, :, None].astype(np.uint32)
        doubled = wide[top : top + _ROWS].astype(np.uint32) * 510 + share
        values = np.minimum(doubled // np.maximum(2 * share, 1), 255)
        part = divided[top : top + _ROWS]
        part[...] = np.where(share > 0, values, 0).reshape(part.shape)
    return divided
