"""Structural similarity of two pictures, at one scale and at several."""

from __future__ import annotations

import numpy as np

# Wang, Simoncelli and Bovik 2003: weights of the five scales, finest first.
_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_WINDOW, _SIGMA = 11, 1.5
PEAK = 255.0  # of 8-bit samples
_C1, _C2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
# The window must still fit into the coarsest scale.
MS_SSIM_MIN_SIDE = _WINDOW * 2 ** (len(_SCALE_WEIGHTS) - 1)


def ms_ssim(original: np.ndarray, decoded: np.ndarray, peak: float = PEAK) -> float | None:
    """Multi-scale structural similarity, from 0 to 1, the mean over channels.

    Wang, Simoncelli and Bovik 2003, "Multiscale structural similarity for image quality
    assessment", with the choices of `tf.image.ssim_multiscale`, on which published figures of
    learned codecs rest: 11x11 Gaussian window of sigma 1.5, 2x2 averages from scale to scale.

    Args:
      original: [H, W, C].
      decoded: likewise, of the same shape and type.
      peak: the range of the samples; 255 of uint8.

    Returns:
      The similarity, or None where the shorter side is below `MS_SSIM_MIN_SIDE` (176) pixels and
      the fifth scale does not exist.

    Raises:
      ValueError: shapes or types differ from that.
    """
    original, decoded = checked_pair(original, decoded, peak)
    if min(original.shape[:2]) < MS_SSIM_MIN_SIDE:
        return None
    # Planes [C, H, W] keep the long sums over contiguous memory.
    x, y = (np.ascontiguousarray(np.moveaxis(a, -1, 0), np.float32) for a in (original, decoded))
    x, y = _in_255ths(x, y, peak)
    product = np.ones(x.shape[0])
    for scale, weight in enumerate(_SCALE_WEIGHTS):
        if scale:
            x, y = _halved(x), _halved(y)
        structure, similarity = _structure_and_similarity(x, y)
        last = scale == len(_SCALE_WEIGHTS) - 1
        product *= np.maximum(similarity if last else structure, 0) ** weight
    return float(product.mean())


def ssim(original: np.ndarray, decoded: np.ndarray) -> float:
    """Structural similarity at one scale, from 0 to 1, the mean over red, green and blue.

    Wang, Bovik, Sheikh and Simoncelli 2004, "Image quality assessment: from error visibility to
    structural similarity": 11x11 Gaussian window of sigma 1.5, where it fits.

    Args:
      original: uint8 [H, W, C], 11 pixels or more a side.
      decoded: likewise, of the same shape.

    Raises:
      ValueError: shapes or types differ from that.
    """
    original, decoded = checked_pair(original, decoded)
    if min(original.shape[:2]) < _WINDOW:
        raise ValueError(f"SSIM needs {_WINDOW} pixels a side")
    x, y = (np.ascontiguousarray(np.moveaxis(a, -1, 0), np.float32) for a in (original, decoded))
    return float(_structure_and_similarity(x, y)[1].mean())


def checked_pair(
    original: np.ndarray, decoded: np.ndarray, peak: float = PEAK
) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays; ValueError unless of one shape and type, uint8 at a peak of 255."""
    original, decoded = np.asarray(original), np.asarray(decoded)
    if original.shape != decoded.shape or original.dtype != decoded.dtype:
        raise ValueError("quality is measured on two pictures of one shape and type")
    if original.dtype != np.uint8 and peak == PEAK:
        raise ValueError("quality is measured on uint8 pictures where no other peak is given")
    return original, decoded


def _in_255ths(x: np.ndarray, y: np.ndarray, peak: float) -> tuple[np.ndarray, np.ndarray]:
    """float32 planes with the range of 8-bit samples, which the constants are for."""
    if peak == PEAK:
        return x, y
    scale = np.float32(PEAK / peak)
    return x * scale, y * scale


def _structure_and_similarity(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    """Means of the contrast-structure term and of the whole SSIM: two arrays [C]."""
    mean_x, mean_y = _blurred(x), _blurred(y)
    both = mean_x * mean_y
    squares = mean_x * mean_x + mean_y * mean_y
    covariance = _blurred(x * y) - both
    variances = _blurred(x * x + y * y) - squares
    structure = (2 * covariance + _C2) / (variances + _C2)
    similarity = structure * (2 * both + _C1) / (squares + _C1)
    return tuple(a.mean(axis=(1, 2), dtype=np.float64) for a in (structure, similarity))


def _blurred(planes: np.ndarray) -> np.ndarray:
    """Gaussian window over [C, H, W], where it fits: [C, H-10, W-10]."""
    offsets = np.arange(_WINDOW) - _WINDOW // 2
    taps = np.exp(-np.square(offsets) / (2 * _SIGMA**2))
    taps = (taps / taps.sum()).astype(np.float32)
    height, width = planes.shape[1] - _WINDOW + 1, planes.shape[2] - _WINDOW + 1
    rows = taps[0] * planes[:, :height]
    for i in range(1, _WINDOW):
        rows += taps[i] * planes[:, i : i + height]
    columns = taps[0] * rows[:, :, :width]
    for i in range(1, _WINDOW):
        columns += taps[i] * rows[:, :, i : i + width]
    return columns


def _halved(planes: np.ndarray) -> np.ndarray:
    """2x2 means; an odd last row or column is repeated first."""
    odd = ((0, 0), (0, planes.shape[1] % 2), (0, planes.shape[2] % 2))
    planes = np.pad(planes, odd, mode="symmetric")
    rows = planes[:, ::2] + planes[:, 1::2]
    return (rows[:, :, ::2] + rows[:, :, 1::2]) / 4
