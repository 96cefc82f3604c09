"""Small pictures: a half, a quarter or an eighth of the side.

    a half              the decoded picture, reduced: each pixel is the mean of a square
    a quarter, eighth   of a bundle with thumbnail.tflite, straight from the latents; else reduced

thumbnail.tflite is one linear layer (tfcomp/export/thumbnail.py), which costs little beside a
decoder network and makes nearly the same small picture. Other machines may round otherwise.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from tfcomp.errors import ConfigError
from tfcomp.networks.interpreter import Network
from tfcomp.networks.tiles import run_tiled
from tfcomp.runtime.manifest import THUMBNAIL_SCALE
from tfcomp.runtime.options import whole_number

SCALES = (1, 2, 4, 8)
THUMBNAIL_REACH = 1  # in latents, to each side


def checked_scale(scale: int, region: object = None) -> int:
    """The scale.

    Raises:
      ConfigError: there is no such scale, or a region was asked for as well.
    """
    scale = whole_number("scale", scale)
    if scale not in SCALES:
        raise ConfigError(f"scale is 1, 2, 4 or 8, not {scale}")
    if scale > 1 and region is not None:
        raise ConfigError("give only one of region and scale")
    return scale


def reduced(pixels: np.ndarray, scale: int) -> np.ndarray:
    """Samples [H, W, C] -> [ceil(H / scale), ceil(W / scale), C], means of squares."""
    if scale == 1:
        return pixels
    if pixels.dtype == np.uint8 and (pixels.ndim == 2 or pixels.shape[2] == 3):
        return np.asarray(Image.fromarray(pixels).reduce(scale))
    sums, counts = pixels.astype(np.float64), np.ones([1] * pixels.ndim)
    for axis in (0, 1):
        starts = np.arange(0, pixels.shape[axis], scale)
        sums = np.add.reduceat(sums, starts, axis)
        ends = np.minimum(starts + scale, pixels.shape[axis])
        shape = [1] * pixels.ndim
        shape[axis] = -1
        counts = counts * (ends - starts).reshape(shape)
    means = sums / counts
    return (np.rint(means) if pixels.dtype.kind == "u" else means).astype(pixels.dtype)


def small_picture(
    network: Network,
    latents: np.ndarray,
    quality: np.ndarray,
    size: tuple[int, int],
    stride: int,
    scale: int,
) -> np.ndarray:
    """A small picture from latents.

    Args:
      network: of thumbnail.tflite.
      latents: integers [h, w, channels that it sees].
      quality: int32 [1], as the network takes it.
      size: (H, W) of the picture in pixels.
      stride: pixels a latent.
      scale: 4 or 8.

    Returns:
      uint8 [ceil(H / scale), ceil(W / scale), 3].
    """
    height, width = (-(-side // THUMBNAIL_SCALE) for side in size)
    pixels = np.empty((height, width, 3), np.uint8)
    run_tiled(
        lambda part: network.run(latents=part.astype(np.int32), quality=quality),
        latents,
        pixels,
        in_scale=1,
        out_scale=stride // THUMBNAIL_SCALE,
        reach=THUMBNAIL_REACH,
    )
    return reduced(pixels, scale // THUMBNAIL_SCALE)
