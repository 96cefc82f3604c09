"""What a decoded picture must reach: a PSNR or an MS-SSIM.

    decoded -> as it will be shown (grey, hidden pixels as they were) -> figure -> enough?

Measured on what a file decodes to, not on what an encoder foresees, so the target is kept by every
picture and not on average.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tfcomp.errors import ConfigError, ImageError
from tfcomp.image_spec import RGB8, ImageSpec
from tfcomp.images.difference import squared_error
from tfcomp.images.structural_similarity import MS_SSIM_MIN_SIDE, ms_ssim
from tfcomp.runtime.grey import grey_of
from tfcomp.runtime.image_input import InputPicture
from tfcomp.runtime.options import positive_number


@dataclass(frozen=True)
class Target:
    """The least figure of a decoded picture.

    Attributes:
      least: the figure.
      unit: how it is written in messages, such as "{:.2f} dB".
      figure_of: takes decoded samples [H, W, channels], gives the figure.
    """

    least: float
    unit: str
    figure_of: Callable[[np.ndarray], float] = field(repr=False)

    def written(self, figure: float) -> str:
        """A figure with its unit, rounded down so that it never looks like enough."""
        if not math.isfinite(figure):
            return "no error at all"
        digits = 2 if "dB" in self.unit else 4
        return self.unit.format(math.floor(figure * 10**digits) / 10**digits)


def check_target(psnr: float | None, ms_ssim: float | None) -> None:
    """Raises ConfigError where a target is no number that a picture can have."""
    if psnr is not None:
        positive_number("psnr", psnr)
    if ms_ssim is not None and positive_number("ms_ssim", ms_ssim) > 1:
        raise ConfigError(f"ms_ssim is above 0 and at most 1, such as 0.98, not {ms_ssim}")


def target_of(
    picture: InputPicture,
    psnr: float | None = None,
    ms_ssim: float | None = None,
    spec: ImageSpec = RGB8,
) -> Target | None:
    """The target for one picture, which `check_target` let pass; None where none was given.

    Args:
      picture: what is compressed. Its fully transparent pixels do not count; of a grey picture the
        one channel does that is decoded.
      psnr: in dB, over all pixels and channels, by the range of the samples.
      ms_ssim: from 0 to 1; see `structural_similarity.ms_ssim`.
      spec: of the model's pictures.

    Raises:
      ImageError: the picture is too small for MS-SSIM.
    """
    if psnr is None and ms_ssim is None:
        return None
    shown = _Shown(picture, spec)
    if psnr is not None:
        return Target(float(psnr), "{:.2f} dB", shown.psnr)
    assert ms_ssim is not None
    height, width, _ = picture.pixels.shape
    if min(height, width) < MS_SSIM_MIN_SIDE:
        raise ImageError(
            f"MS-SSIM needs {MS_SSIM_MIN_SIDE} pixels a side, and the image has {width}x{height}; "
            "give a PSNR"
        )
    return Target(float(ms_ssim), "MS-SSIM {:.4f}", shown.ms_ssim)


class _Shown:
    """Measures decoded samples as they will be shown."""

    def __init__(self, picture: InputPicture, spec: ImageSpec) -> None:
        self._grey, self._peak = picture.grey, spec.peak
        self._original = picture.pixels[..., :1] if picture.grey else picture.pixels
        self._hidden = None if picture.alpha is None else picture.alpha == 0

    def psnr(self, decoded: np.ndarray) -> float:
        original, shown = self._original, self._as_shown(decoded)
        error = squared_error(original, shown)
        count = original.size
        if self._hidden is not None:
            count -= int(self._hidden.sum()) * original.shape[2]
        return math.inf if error == 0 else 10.0 * math.log10(self._peak**2 * count / error)

    def ms_ssim(self, decoded: np.ndarray) -> float:
        original, shown = self._original, self._as_shown(decoded)
        # Colour by colour: its planes in floating point take a third of the memory.
        found = [
            ms_ssim(original[..., c : c + 1], shown[..., c : c + 1], self._peak)
            for c in range(original.shape[2])
        ]
        return float(np.mean([each for each in found if each is not None]))

    def _as_shown(self, decoded: np.ndarray) -> np.ndarray:
        shown = grey_of(decoded) if self._grey else decoded
        shown = shown.reshape(self._original.shape)  # of one channel it may be [H, W]
        if self._hidden is None:
            return shown
        return np.where(self._hidden[..., None], self._original, shown)
