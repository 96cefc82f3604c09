"""Rate-distortion optimised quantisation (RDOQ): rounding that weighs error against bits.

A value between k - 1 and k becomes k only if that lowers the error by more than the additional bits
of k are worth:

    (k - |x|)^2 w + bits(k)  <  (|x| - k + 1)^2 w + bits(k - 1)
    |x|  >  k - 1/2 + (bits(k) - bits(k - 1)) / 2w

Sullivan, Wiegand 1998, "Rate-distortion optimization for video compression" (IEEE SPM 15(6)).
Decoders do not depend on it.

Residuals, thresholds and their comparison are float64. Only the shifts beyond k - 1/2 are rounded
once to float32: logarithms on two machines may differ in the last bit of a double, but give the
same thresholds. Stock TensorFlow operations and JavaScript do the same (spec/format.md) and write
the same bytes.
"""

from __future__ import annotations

import functools

import numpy as np

from tfcomp.bitstream.tables import MAX_PRECISION, CdfTables

# Bits that a squared error of one step s is worth, 8.7, where rate + lambda * distortion is least:
# a uniform quantiser's error is s^2 / 12, and its rate falls by log2 s.
BITS_OF_A_SQUARED_STEP = 6.0 / np.log(2.0)
# Such thresholds harm latents that were trained with rounding to nearest. This weight is best for
# those (lab/notes/experiments_entropy.md), and the default of bundles that give no weights.
DISTORTION_WEIGHT = 30.0
LEVELS = 16
LARGEST_SHIFT = 0.6
# A decoded value is 8 times a quantised one plus a mean: below 2**24, so that float32, in which
# decoder.tflite computes, holds it. No image leads as far.
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
        # The last interval may be the escape symbol, which is no value.
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
    """Quantises residuals: int32 of their shape.

    Args:
      residual: float64, or float32, which is taken as float64.
      scale: int32 of the same shape: which table each residual is coded with.
      shifts: of `threshold_shifts`, for these tables.
    """
    values = np.zeros(residual.shape, np.int32)
    size = np.abs(residual, dtype=np.float64)
    large = np.flatnonzero(size > 0.5)  # most are not, and thresholds only make values smaller
    size = np.minimum(size.take(large), np.float64(MAX_VALUE))
    level = np.rint(size).astype(np.int32)
    shift = shifts[scale.take(large), np.minimum(level, LEVELS)].astype(np.float64)
    level -= size < level - np.float64(0.5) + shift
    values.reshape(-1)[large] = np.where(residual.take(large) < 0, -level, level)
    return values
