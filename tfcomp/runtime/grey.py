"""Grey pictures: coded as red, green and blue alike, decoded to one channel."""

from __future__ import annotations

import numpy as np


def grey_of(pixels: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3], RGB -> uint8 [H, W].

    The luma of ITU-R BT.601 in 16-bit integers, as spec/version2.md has it and Pillow does it.
    """
    weighted = pixels.astype(np.uint32) @ np.array([19595, 38470, 7471], np.uint32)
    return (weighted + 32768 >> 16).astype(np.uint8)
