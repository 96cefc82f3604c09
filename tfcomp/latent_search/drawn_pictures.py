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
    red, green, blue = pixels[:: -(-len(pixels) // _ROWS)].transpose(2, 0, 1).astype(np.uint32)
    colours = red | green << 8 | blue << 16
    if colours.shape[1] > 1:
        equal = colours[:, 1:] == colours[:, :-1]
        if equal.mean() > _EQUAL_NEIGHBOURS:
            return True
    # A few pixels of a photograph have many colours already; all need a long sort.
    return all(len(np.unique(some)) <= _FEW_COLOURS for some in (colours[:, ::64], colours))
