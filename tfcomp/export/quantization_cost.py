"""The BD-rate of a quantised bundle against the float32 bundle of the same weights."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

import numpy as np

from tfcomp.api import load
from tfcomp.errors import CodecError
from tfcomp.evaluation.curves import Point, bd_rate
from tfcomp.evaluation.rate_distortion import curve
from tfcomp.export.calibration import levels

LARGEST_LOSS = 3.0  # percent


def points(bundle: str | Path, images: dict[str, np.ndarray]) -> list[Point]:
    """The rate-distortion points of a bundle at up to four qualities, whole files.

    Args:
      bundle: its folder.
      images: name -> samples [H, W, channels].
    """
    codec = load(bundle, num_threads=1)
    spec = codec.bundle.manifest.image
    if spec.channels == 1:  # as they are decoded
        images = {name: image[:, :, 0] for name, image in images.items()}
    return curve(
        codec.compress, codec.decompress, levels(codec.qualities), images, spec.peak
    )


def loss(reference: Sequence[Point], candidate: Sequence[Point]) -> float | None:
    """BD-rate of one curve against another in percent; None where they share no PSNR at all.

    More bits at equal PSNR is a positive loss.
    """
    found = bd_rate(reference, candidate)
    return None if found is None else found.percent


def check(
    reference: str | Path,
    candidate: str | Path,
    images: dict[str, np.ndarray],
    largest_loss: float = LARGEST_LOSS,
) -> str:
    """Measures a quantised bundle, and refuses it if it costs too much.

    Args:
      reference: folder of the float32 bundle.
      candidate: folder of the quantised bundle.
      images: name -> samples [H, W, channels], not the pictures it was calibrated with.
      largest_loss: percent of BD-rate.

    Returns:
      one line that says what it costs.

    Raises:
      CodecError: it costs more, or so much that nothing can be compared.
    """
    cost = loss(points(reference, images), points(candidate, images))
    advice = "nothing was written; use --quantize float16, which costs next to nothing"
    pictures = f"{len(images)} picture{'s' if len(images) > 1 else ''}"
    if cost is None:
        raise CodecError(f"int8 reaches none of float32's PSNR on {pictures}: {advice}")
    line = f"int8 costs {cost:+.1f} % BD-rate against float32 on {pictures}"
    if cost >= largest_loss:
        raise CodecError(f"{line}, and less than {largest_loss:g} % is asked for: {advice}")
    return line
