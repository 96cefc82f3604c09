"""Rounding that knows what a value costs: rate-distortion optimised quantisation.

A value between k - 1 and k goes to k only if its distance says so by more than the bits that k
costs beyond k - 1:

    (k - |x|)^2 w + bits(k)  <  (|x| - k + 1)^2 w + bits(k - 1)
    |x|  >  k - 1/2 + (bits(k) - bits(k - 1)) / 2w

Sullivan, Wiegand 1998, "Rate-distortion optimization for video compression" (IEEE SPM 15(6)). The
decoder does not know of it.

Residuals, thresholds and their comparison are float64; only the shifts beyond k - 1/2 are rounded
to float32 once, so that two machines' logarithms, which differ in the last bit of a double, give
the same thresholds. Stock TensorFlow operations and JavaScript do the same (spec/format.md), and
write the same bytes.
"""

from __future__ import annotations

import functools

import numpy as np

from tfcomp.bitstream.tables import MAX_PRECISION, CdfTables

# Bits that a squared error of one step is worth, 8.7, where rate + lambda * distortion is least: a
# uniform quantiser's error is s^2 / 12, and its rate falls by log2 s.
BITS_OF_A_SQUARED_STEP = 6.0 / np.log(2.0)
# To latents that were trained with rounding to nearest such thresholds do harm; this is best for
# them (lab/notes/experiments_entropy.md), and what bundles get that name no weights of their own.
DISTORTION_WEIGHT = 30.0
LEVELS = 16
LARGEST_SHIFT = 0.6
# Decoded values are 8 times these and a mean: below 2**24, so that the float32 of decoder.tflite
# holds them. No image leads as far.
MAX_VALUE = 2**20


@functools.lru_cache(maxsize=32)
def threshold_shifts(tables: CdfTables, distortion_weight: float | None) -> np.ndarray:
    """How far beyond k - 1/2 the threshold to k lies: float32 [tables, 1 + levels], for k >= 0.

    Args:
      tables: of values around zero.
      distortion_weight: bits a squared step; None gives zeros.
    """
    shifts = np.zeros((tables.count, 1 + LEVELS), np.float64)
    if distortion_weight is None:
        return shifts.astype(np.float32)
    for number in range(tables.count):
        start, stop = tables.starts[number : number + 2]
        cdf = tables.cdf[start + 1 : stop].astype(np.int64)
        # The last interval may be the escape symbol: never cheap, never taken for a value.
        mass = np.diff(cdf)[: -1 if tables.cdf[start] < 0 else None]
        values = np.arange(len(mass)) + tables.cdf_offset[number]
        # In a table of the escape symbol alone all values cost the same.
        rarest = mass.min(initial=1 << MAX_PRECISION)
        upwards = np.full(LEVELS + 1, rarest, np.float64)
        inside = (values >= 0) & (values <= LEVELS)
        upwards[values[inside]] = mass[inside]
        bits = -np.log2(upwards)
        shifts[number, 1:] = np.maximum(np.diff(bits), 0.0) / (2 * distortion_weight)
    return np.minimum(shifts, LARGEST_SHIFT).astype(np.float32)


def quantize(residual: np.ndarray, scale: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """float64 residuals and int32 scale indices of one shape -> int32 of that shape.

    Args:
      residual: float32.
      scale: int32, of one shape with it.
      shifts: of `threshold_shifts`, for the tables that the scale indices name.
    """
    size = np.minimum(np.abs(residual, dtype=np.float64), np.float64(MAX_VALUE))
    level = np.rint(size).astype(np.int32)
    shift = shifts[scale, np.minimum(level, LEVELS)].astype(np.float64)
    level -= size < level - np.float64(0.5) + shift
    return np.where(residual < 0, -np.maximum(level, 0), np.maximum(level, 0)).astype(np.int32)
