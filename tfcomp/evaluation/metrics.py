"""Picture quality on decoded 8-bit pixels."""

from __future__ import annotations

import numpy as np


def psnr(original, decoded):
    """Peak signal-to-noise ratio in dB over all pixels and colours.

    10 log10(255^2 / MSE) of two uint8 arrays of one shape; infinite where they are equal.

    Raises:
      ValueError: shapes or types differ from that.
    """
    original, decoded = np.asarray(original), np.asarray(decoded)
    if original.shape != decoded.shape or {original.dtype, decoded.dtype} != {np.dtype(np.uint8)}:
        raise ValueError("psnr compares two uint8 pictures of one shape")
    error = np.mean(np.square(original.astype(np.float64) - decoded.astype(np.float64)))
    return float("inf") if error == 0 else float(10 * np.log10(255.0**2 / error))
