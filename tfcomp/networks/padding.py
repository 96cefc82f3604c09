"""Padding to whole latent elements, and a limit for it.

Both sides of an image are padded to multiples of the stride, so a picture that is one pixel wide
takes stride times its area, and a file of a few bytes can ask for that.
"""

from __future__ import annotations

import numpy as np

# In padded pixels. Small images may be mostly padding, which costs little.
_ALWAYS_FITS = 2**20


def padding_fits(height: int, width: int, stride: int, max_pixels: int) -> bool:
    """Whether an image's padded area is in proportion to `max_pixels`, the largest image allowed.

    The limit is twice `max_pixels`, as in the SavedModel (tfcomp/export/savedmodel.py). Only long
    and narrow images come near it.
    """
    across, down = -(-width // stride), -(-height // stride)
    return across * down * stride**2 <= max(2 * max_pixels, 2 * stride**2, _ALWAYS_FITS)


class EdgePadded:
    """An image, or latents, whose bottom and right edges are repeated up to multiples of a stride.

    Each part is padded when it is asked for, so a large image is never copied.

    Attributes:
      shape: of the padded image, (H, W, channels).
    """

    def __init__(self, pixels: np.ndarray, stride: int) -> None:
        height, width, channels = pixels.shape
        self._pixels = pixels
        self.shape = (height + -height % stride, width + -width % stride, channels)

    def __getitem__(self, part: tuple[slice, slice]) -> np.ndarray:
        """[h, w, channels] of rows and columns: slices of whole strides with explicit ends."""
        rows, columns = part
        found = self._pixels[rows, columns]
        below = rows.stop - rows.start - found.shape[0]
        right = columns.stop - columns.start - found.shape[1]
        if not below and not right:
            return found
        return np.pad(found, ((0, below), (0, right), (0, 0)), mode="edge")
