"""Rate-distortion curves and the BD-rate (Bjontegaard's delta rate) between two of them."""

from __future__ import annotations

import dataclasses
import math
from typing import Iterable, List, Optional, Sequence, Tuple

from tfcomp.errors import CodecError, ConfigError

_SAMPLES_IN_RANGE = 200


@dataclasses.dataclass(frozen=True)
class Point:
    """One quality setting, on one image or as the mean over several.

    Attributes:
      quality: the setting.
      bpp: bits/pixel of whole files.
      psnr: in dB.
    """

    quality: int
    bpp: float
    psnr: float


@dataclasses.dataclass(frozen=True)
class RateDifference:
    """The BD-rate between two curves.

    Attributes:
      percent: mean difference of rate at equal PSNR; negative saves bytes.
      low: the lowest PSNR compared, in dB.
      high: the highest.
    """

    percent: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.percent:+.1f} % ({self.low:.1f} to {self.high:.1f} dB)"


def bd_rate(
    anchor: Sequence[Point],
    test: Sequence[Point],
    psnr_range: Optional[Tuple[float, float]] = None,
) -> Optional[RateDifference]:
    """The `bjontegaard` package's BD-rate with PCHIP interpolation of log-rate over PSNR.

    Bjontegaard 2001, ITU-T VCEG-M33; PCHIP as in JCTVC-B112.

    Args:
      anchor: the curve to compare with, of two points or more.
      test: the curve that is compared, likewise.
      psnr_range: (lowest, highest) dB to compare; all that both curves cover if None.

    Returns:
      None where the curves share no range of PSNR.

    Raises:
      CodecError: `bjontegaard` is not installed.
    """
    try:
        import bjontegaard
    except ImportError:
        raise CodecError(
            "BD-rates need more packages; run: pip install 'tfcomp[benchmark]'"
        ) from None
    anchor, test = _rising(anchor), _rising(test)
    if min(len(anchor), len(test)) < 2:
        return None
    low = max(anchor[0].psnr, test[0].psnr)
    high = min(anchor[-1].psnr, test[-1].psnr)
    if psnr_range is not None:
        low, high = max(low, psnr_range[0]), min(high, psnr_range[1])
    if high - low < 1e-6:
        return None
    if psnr_range is not None:
        anchor, test = _sampled(anchor, low, high), _sampled(test, low, high)
    percent = bjontegaard.bd_rate(
        [p.bpp for p in anchor],
        [p.psnr for p in anchor],
        [p.bpp for p in test],
        [p.psnr for p in test],
        method="pchip",
        require_matching_points=False,
        min_overlap=0,
    )
    return RateDifference(float(percent), float(low), float(high))


def why_incomparable(anchor: Sequence[Point], test: Sequence[Point]) -> str:
    """In a few words, why `bd_rate` gives None for two curves."""
    if min(len(anchor), len(test)) < 2:
        return "one quality, no curve"
    if min(len(_rising(anchor)), len(_rising(test))) < 2:
        return "one PSNR, no curve"
    return "no PSNR in common"


def parse_psnr_range(text: str) -> Tuple[float, float]:
    """Reads "27,36" as (27.0, 36.0).

    Raises:
      ConfigError: the text is not a range.
    """
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(f"a PSNR range is LOW,HIGH in dB, such as 27,36, not '{text}'") from None
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ConfigError(f"a PSNR range goes from a lower to a higher number, not '{text}'")
    return low, high


def _rising(curve: Iterable[Point]) -> List[Point]:
    """The points by rate, without those of a higher rate and no higher PSNR.

    Interpolating rate over PSNR needs PSNRs that differ; those of small images may be equal.
    """
    kept: List[Point] = []
    for point in sorted(curve, key=lambda p: p.bpp):
        if math.isfinite(point.psnr) and (not kept or point.psnr > kept[-1].psnr + 1e-9):
            kept.append(point)
    return kept


def _sampled(curve: Sequence[Point], low: float, high: float) -> List[Point]:
    """The interpolated curve between two PSNRs as 200 points, dense enough to lose nothing."""
    import numpy as np
    from scipy.interpolate import PchipInterpolator  # bjontegaard brings it

    log_rate = PchipInterpolator([p.psnr for p in curve], np.log([p.bpp for p in curve]))
    grid = np.linspace(low, high, _SAMPLES_IN_RANGE)
    return [Point(0, float(np.exp(log_rate(x))), float(x)) for x in grid]
