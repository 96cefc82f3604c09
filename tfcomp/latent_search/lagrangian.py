"""What a squared error is worth in bits, at a quality of a model.

A file's cost is bits + multiplier * squared error. Where PSNR falls linearly with the rate, as it
does between neighbouring qualities,

    rate = a - b ln(distortion)     and     multiplier = -d rate / d distortion = b / distortion

The rates and PSNRs that a bundle's manifest has of each quality give b and the distortion.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tfcomp.image_spec import RGB8, ImageSpec
from tfcomp.images.difference import squared_error
from tfcomp.quality import nearest_level
from tfcomp.runtime.codec import BundleCodec


def bits_of_squared_error(
    points: Sequence[Mapping[str, Any]], quality: float, spec: ImageSpec = RGB8
) -> float | None:
    """Bits that one squared level is worth, of a sum over pixels and colours.

    None where the points do not give it: fewer than two qualities, or none near this one.

    Args:
      points: the manifest's "rate_distortion": quality, bpp (bits/pixel) and psnr (dB) each.
      quality: from 1.
      spec: of the pictures.
    """
    curve = {
        point["quality"]: (point["bpp"], point["psnr"])
        for point in points
        if all(type(point.get(key)) in (int, float) for key in ("quality", "bpp", "psnr"))
    }
    below, above = math.floor(quality), math.ceil(quality)
    if below not in curve or above not in curve:
        return None
    if below == above:
        low, high = curve.get(below - 1, curve[below]), curve.get(above + 1, curve[above])
    else:
        low, high = curve[below], curve[above]
    bits, decibels = high[0] - low[0], high[1] - low[1]
    if not (bits > 0 and decibels > 0):
        return None
    slope = bits / (decibels * math.log(10.0) / 10.0)
    own = curve[below][1] + (quality - below) * (curve[above][1] - curve[below][1])
    return slope / (spec.channels * _mean_squared_error(own, spec))


def usual_squared_error(
    points: Sequence[Mapping[str, Any]], quality: float, spec: ImageSpec = RGB8
) -> float | None:
    """The mean squared error of photographs at a quality; None where the points lack it."""
    level = nearest_level(quality)
    for point in points:
        if point.get("quality") == level and type(point.get("psnr")) in (int, float):
            return _mean_squared_error(point["psnr"], spec)
    return None


def multiplier(
    codec: BundleCodec, pixels: np.ndarray, quality: float, compress: Callable[[float], bytes]
) -> float | None:
    """Bits that one squared level is worth, by this picture's own curve.

    None for a model of one quality, which has no curve; infinite where any error is too much.

    Args:
      codec: of the model.
      pixels: samples [H, W, channels].
      quality: from 1.
      compress: quality -> file of this picture. The two files at the neighbouring qualities give b,
        so nothing is needed that a bundle may lack.
    """
    low, high = max(1, quality - 1), min(codec.qualities, quality + 1)
    if low == high:
        return None
    files = {each: compress(each) for each in {low, quality, high}}
    errors = {each: squared_error(pixels, codec.decompress(files[each])) for each in files}
    if not errors[low] > errors[high] > 0 or errors[quality] <= 0:
        return math.inf  # flat or tiny
    spent = 8.0 * (len(files[high]) - len(files[low]))
    return max(spent, 0.0) / math.log(errors[low] / errors[high]) / errors[quality]


def _mean_squared_error(psnr: float, spec: ImageSpec) -> float:
    return spec.peak**2 / 10.0 ** (psnr / 10.0)
