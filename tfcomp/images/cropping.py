"""Parts of pictures."""

from __future__ import annotations

import numpy as np


def middle(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """The middle of uint8 [H, W, C], of at most these sides, as an array of its own."""
    top, left = max(0, image.shape[0] - height) // 2, max(0, image.shape[1] - width) // 2
    return np.ascontiguousarray(image[top : top + height, left : left + width])
