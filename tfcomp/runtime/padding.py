"""What padding to whole latent elements may cost.

Both sides of an image are padded to multiples of the stride, so a picture one pixel wide takes
stride times its area, and a file of a few bytes can ask for that.
"""

from __future__ import annotations

# In padded pixels. Small images may be mostly padding: it costs nothing worth refusing.
_ALWAYS_FITS = 2**20


def padding_fits(height: int, width: int, stride: int, max_pixels: int) -> bool:
    """Whether an image's padded area is in proportion to `max_pixels`, the largest image allowed.

    The limit is twice `max_pixels`, as in the SavedModel (tfcomp/export/savedmodel.py): whatever is
    not long and narrow stays far below it.
    """
    across, down = -(-width // stride), -(-height // stride)
    return across * down * stride**2 <= max(2 * max_pixels, 2 * stride**2, _ALWAYS_FITS)
