"""Alpha as a PNG file of one 8-bit channel, as a .tfcomp file holds it."""

from __future__ import annotations

import io
import warnings
import zlib

import numpy as np
from PIL import Image

from tfcomp.errors import BitstreamError

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_ROWS = 64  # that are divided at a time


def encode_alpha(alpha: np.ndarray) -> bytes:
    """The smallest PNG file, of a few ways to write one, of uint8 [H, W]."""
    return min(_filtered(alpha), _unfiltered(alpha), key=len)


def _filtered(alpha: np.ndarray) -> bytes:
    """With a filter a row, which suits soft edges."""
    stream = io.BytesIO()
    Image.fromarray(alpha).save(stream, "PNG", optimize=True, compress_type=zlib.Z_DEFAULT_STRATEGY)
    return stream.getvalue()


def _unfiltered(alpha: np.ndarray) -> bytes:
    """Without filters, which suits masks."""
    height, width = alpha.shape
    rows = np.zeros((height, 1 + width), np.uint8)  # a row begins with its filter, 0
    rows[:, 1:] = alpha
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return _PNG_MAGIC + b"".join(
        len(content).to_bytes(4, "big") + name + content + _crc(name + content)
        for name, content in (
            (b"IHDR", size + b"\x08\0\0\0\0"),
            (b"IDAT", zlib.compress(rows.data, 9)),
            (b"IEND", b""),
        )
    )


def _crc(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(4, "big")


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
