"""How far apart two pictures are."""

from __future__ import annotations

import numpy as np


def squared_error(one: np.ndarray, other: np.ndarray) -> float:
    """Sum over pixels and colours of (one - other)^2, of [H, W, channels] each.

    Row by row, so that a large picture needs no copy of itself in floating point. Of one channel
    either may be [H, W], as pictures are decoded.
    """
    other = other.reshape(one.shape)
    return sum(
        float(np.square(row.astype(np.float32) - theirs).sum(dtype=np.float64))
        for row, theirs in zip(one, other)
    )
