"""Recognises pictures that are drawn rather than photographed: flat areas, few colours.

Networks that were trained on photographs can fail on them: a flat saturated colour may come back
worse at a higher quality. So the files of such a picture are decoded and checked (levels.py);
photographs are not, so that they take no longer.
"""

from __future__ import annotations

import numpy as np

_ROWS = 256
_EQUAL_NEIGHBOURS = 0.5  # share of pixels that equal the next one; 0.01 to 0.2 in photographs
_FEW_COLOURS = 32


def is_drawn(pixels: np.ndarray) -> bool:
    """Whether uint8 [H, W, 3] has large flat areas or few colours.

    It looks at 256 rows at most, spread over the picture.
    """
    rows = np.ascontiguousarray(pixels[:: -(-len(pixels) // _ROWS)])
    if rows.shape[1] > 1:
        equal = (rows[:, 1:] == rows[:, :-1]).all(axis=-1)
        if equal.mean() > _EQUAL_NEIGHBOURS:
            return True
    colours = rows.reshape(-1, 3).astype(np.uint32) @ np.array([1, 256, 65536], np.uint32)
    return len(np.unique(colours)) <= _FEW_COLOURS
