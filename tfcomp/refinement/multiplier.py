"""What a squared error is worth in bits, at one quality of one picture.

The picture's own rate-distortion curve says so: where PSNR falls linearly with the rate, as it does
between neighbouring qualities,

    rate = a - b ln(distortion)     and     multiplier = -d rate / d distortion = b / distortion

Two files at the neighbouring qualities give b. So it needs nothing that a bundle might not hold.
A model of one quality has no such curve: its file keeps its size, and the error falls
(tfcomp/refinement/descent.py finds a multiplier on the way).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Callable

import numpy as np

if TYPE_CHECKING:
    from tfcomp.runtime.codec import Codec


def squared_error(codec: Codec, pixels: np.ndarray, data: bytes) -> float:
    """Sum over pixels and colours of (decoded - original)^2, in squared grey levels.

    Row by row, so that a large picture needs no second copy of itself in floating point.
    """
    decoded = codec.decompress(data)
    return sum(
        float(np.square(row.astype(np.float32) - other).sum(dtype=np.float64))
        for row, other in zip(decoded, pixels)
    )


def multiplier(
    codec: Codec, pixels: np.ndarray, quality: int, compress: Callable[[int], bytes]
) -> float | None:
    """Bits that are worth one squared grey level, summed over pixels and colours.

    compress: quality -> the file of this picture.
    None for a model of one quality, which has no curve.
    """
    low, high = max(1, quality - 1), min(codec.qualities, quality + 1)
    if low == high:
        return None
    files = {each: compress(each) for each in {low, quality, high}}
    errors = {each: squared_error(codec, pixels, files[each]) for each in files}
    if not errors[low] > errors[high] > 0 or errors[quality] <= 0:
        return math.inf  # flat or tiny: no error is worth making
    spent = 8.0 * (len(files[high]) - len(files[low]))
    return max(spent, 0.0) / math.log(errors[low] / errors[high]) / errors[quality]
