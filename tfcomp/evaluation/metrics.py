"""Picture quality on decoded 8-bit pixels."""

from __future__ import annotations

import math

import numpy as np

from tfcomp.images.structural_similarity import (
    MS_SSIM_MIN_SIDE,
    PEAK,
    checked_pair,
    ms_ssim,
    ssim,
)

__all__ = ["MS_SSIM_MIN_SIDE", "PEAK", "border_steps", "decibels", "ms_ssim", "psnr", "ssim"]


def psnr(original: np.ndarray, decoded: np.ndarray, peak: float = PEAK) -> float:
    """Peak signal-to-noise ratio in dB over all pixels and colours.

    10 log10(peak^2 / MSE) of two arrays of one shape and type; infinite where they are equal.

    Args:
      original: [H, W, C].
      decoded: likewise.
      peak: the range of the samples, `ImageSpec.peak`; 255 of uint8.

    Raises:
      ValueError: shapes or types differ from that.
    """
    original, decoded = checked_pair(original, decoded, peak)
    error = np.mean(np.square(original.astype(np.float64) - decoded.astype(np.float64)))
    return float("inf") if error == 0 else float(10 * np.log10(peak**2 / error))


def border_steps(decoded: np.ndarray, side: int = 16) -> float | None:
    """Blockiness: how much larger the steps between pixels are across block borders than inside.

    The mean absolute step of brightness between neighbours on either side of a border of
    side x side blocks, over that between all other neighbours: about 1 in a picture without
    blocks, above it where a transform's blocks show.

    Args:
      decoded: uint8 [H, W, C].
      side: of the blocks, in pixels.

    Returns:
      The ratio; None where there is no border, or no step at all inside blocks.
    """
    brightness = decoded.astype(np.float64).mean(2)
    across, inside = [], []
    for axis in (0, 1):
        steps = np.abs(np.diff(brightness, axis=axis))
        at_border = np.arange(steps.shape[axis]) % side == side - 1
        across.append(np.compress(at_border, steps, axis).ravel())
        inside.append(np.compress(~at_border, steps, axis).ravel())
    borders, rest = np.concatenate(across), np.concatenate(inside)
    if not borders.size or not rest.any():
        return None
    return float(borders.mean() / rest.mean())


def decibels(similarity: float | None) -> float | None:
    """-10 log10(1 - similarity), which spreads values near 1; None stays None."""
    if similarity is None:
        return None
    return float("inf") if similarity >= 1 else -10 * math.log10(1 - similarity)
