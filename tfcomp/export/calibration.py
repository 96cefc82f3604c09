"""Sample inputs of both networks, from which a quantiser learns the ranges of activations."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from tfcomp.errors import ImageError
from tfcomp.images.cropping import middle

_SIDE = 256  # largest side of a sample, in pixels
_LEVELS = 4


def levels(qualities: int) -> list[int]:
    """Up to four quality levels from 1 to `qualities`, evenly spread; a list of int."""
    return sorted({int(level) for level in np.linspace(1, qualities, _LEVELS).round()})


def samples(
    deployed: Any,
    images: Sequence[np.ndarray],
    stride: int,
    qualities: int,
    fixed_size: tuple[int, int] | None = None,
    latent_units: int = 1,
) -> dict[str, list[dict[str, np.ndarray]]]:
    """Makes sample inputs of both networks from the middles of pictures.

    Args:
      deployed: a module with `encode` and `decode`, see `DeployedTransforms`.
      images: list of samples [H, W, channels].
      stride: pixels per latent along one side.
      qualities: number of quality levels.
      fixed_size: (width, height) where the model takes no other size.
      latent_units: units of a decoded latent in a quantisation step.

    Returns:
      {"encode": list of dicts, "decode": list of dicts} of the signatures' inputs.

    Raises:
      ImageError: a picture is smaller than the stride, or than the fixed size.
    """
    encoder, decoder = [], []
    for image in images:
        part = _middle(image, stride, fixed_size)[None]
        for level in levels(qualities):
            quality = np.array([level], np.int32)
            latents = deployed.encode(part, quality)["latents"].numpy()
            if latents.dtype != np.int32:  # in steps, not rounded
                latents = np.round(latents * latent_units).astype(np.int32)
            encoder.append({"image": part, "quality": quality})
            decoder.append({"latents": latents, "quality": quality})
    return {"encode": encoder, "decode": decoder}


def _middle(image: np.ndarray, stride: int, fixed_size: tuple[int, int] | None) -> np.ndarray:
    height, width = image.shape[:2]
    if fixed_size:
        columns, rows = fixed_size
    else:
        rows, columns = (min(side, _SIDE) // stride * stride for side in (height, width))
    if not 0 < rows <= height or not 0 < columns <= width:
        raise ImageError(
            f"a picture of {width}x{height} pixels is too small to calibrate with; give larger ones"
        )
    return middle(image, rows, columns)
