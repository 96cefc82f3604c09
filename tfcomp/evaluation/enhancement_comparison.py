"""Measures post-filters on every codec's decoded pictures, at a few rates.

The strength of a filter is chosen on training pictures, coded by the same codec at the same
setting, never on the measured pictures.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
import time
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from tfcomp.errors import CodecError, ConfigError
from tfcomp.evaluation.contestants import Contestant
from tfcomp.evaluation.enhancement import PostFilter, best_strength
from tfcomp.evaluation.images import image_files, read_pixels
from tfcomp.evaluation.lpips import MIN_SIDE, Lpips
from tfcomp.evaluation.measuring import Measurement
from tfcomp.evaluation.metrics import decibels, ms_ssim, psnr
from tfcomp.images.cropping import middle

RATES = (0.25, 0.5, 1.0)  # bits/pixel
_TRAINING_SIDE, _TRAINING_PICTURES = 128, 12


@dataclasses.dataclass(frozen=True)
class EnhancedRow:
    """One filter after one codec at one setting: means over the images.

    Attributes:
      codec, quality: whose pictures. bpp: of its files.
      filter, strength: what was done to them; strength None where the filter has none.
      psnr: dB. ms_ssim, ms_ssim_db: as in `Measurement`. lpips: None where not asked for.
      seconds_per_mpx: processor seconds that the filter takes for a million pixels, median.
    """

    codec: str
    quality: int
    bpp: float
    filter: str
    strength: Optional[float]
    psnr: float
    ms_ssim: Optional[float]
    ms_ssim_db: Optional[float]
    lpips: Optional[float]
    seconds_per_mpx: float


@dataclasses.dataclass(frozen=True)
class Enhancement:
    """All rows, with what was compared.

    Attributes:
      training: where strengths were chosen.
      filters: name -> description.
    """

    training: str
    filters: Dict[str, str]
    rows: List[EnhancedRow]


def settings_near(means: Sequence[Measurement], rates: Sequence[float] = RATES) -> List[int]:
    """The measured settings whose mean rates come nearest to these, each once."""
    nearest = [min(means, key=lambda m: abs(math.log(m.bpp / rate))).quality for rate in rates]
    return list(dict.fromkeys(nearest))


def training_crops(folder: Optional[Path], measured: Path) -> Tuple[str, List[np.ndarray]]:
    """The middles of at most 12 training pictures.

    Args:
      folder: of the pictures; scikit-image's photographs if None.
      measured: folder of the test images.

    Returns:
      a description, and crops, uint8 [128, 128, 3] or smaller.

    Raises:
      CodecError: there are no pictures, or they are the test images.
    """
    if folder is None:
        from skimage import data

        names = ("astronaut", "chelsea", "coffee", "rocket")
        pictures = [np.asarray(getattr(data, name)()) for name in names]
        return f"scikit-image's photographs {', '.join(names)}", [_middle(p) for p in pictures]
    inside, outside = folder.resolve(), measured.resolve()
    if inside == outside or inside in outside.parents or outside in inside.parents:
        raise ConfigError(f"{folder}: strengths are not chosen on the images that are measured")
    files = image_files(folder)
    chosen = files[:: math.ceil(len(files) / _TRAINING_PICTURES)]
    return f"{len(chosen)} pictures of {folder}", [_middle(read_pixels(path)) for path in chosen]


def compare(
    contestant: Contestant,
    quality: int,
    filters: Sequence[PostFilter],
    training: Sequence[np.ndarray],
    images: Sequence[Path],
    lpips: Optional[Lpips] = None,
    on_step: Callable[[], object] = lambda: None,
) -> List[EnhancedRow]:
    """Measures every filter after a codec at one setting.

    Args:
      contestant: the codec.
      quality: its setting.
      filters: names of `FILTERS`.
      training: uint8 [H, W, 3] crops to choose strengths on.
      images: files to measure.
      lpips: to be measured too.
      on_step: called once an image and filter.

    Raises:
      CodecError: an image cannot be read, coded or filtered.
    """

    def coded(picture: np.ndarray) -> Tuple[np.ndarray, int]:
        data = contestant.encode(picture, quality)
        return contestant.decode(data), len(data)

    pairs = [(crop, coded(crop)[0]) for crop in training]
    strengths = {each.name: best_strength(each, pairs) for each in filters}
    found: Dict[str, List[Tuple[float, Optional[float], Optional[float], float]]] = {}
    rates = []
    for path in images:
        original = read_pixels(path)
        decoded, size = coded(original)
        if decoded.shape != original.shape:
            raise CodecError(f"{contestant.name} gives {path.name} back in another size")
        pixels = original.shape[0] * original.shape[1]
        rates.append(8 * size / pixels)
        for each in filters:
            start = time.process_time()
            better = each(decoded, strengths[each.name])
            seconds = (time.process_time() - start) * 1e6 / pixels
            found.setdefault(each.name, []).append(
                (
                    psnr(original, better),
                    ms_ssim(original, better),
                    _lpips(lpips, original, better),
                    seconds,
                )
            )
            on_step()
    rows = []
    for each in filters:
        psnrs, similarities, distances, seconds_each = zip(*found[each.name])
        rows.append(
            EnhancedRow(
                codec=contestant.name,
                quality=quality,
                bpp=statistics.fmean(rates),
                filter=each.name,
                strength=strengths[each.name],
                psnr=statistics.fmean(psnrs),
                ms_ssim=_mean(similarities),
                ms_ssim_db=_mean([decibels(s) for s in similarities]),
                lpips=_mean(distances),
                seconds_per_mpx=statistics.median(seconds_each),
            )
        )
    return rows


def table(enhancement: Enhancement) -> List[str]:
    """Lines to print or to put into a Markdown page; gains are against `none`."""
    plain = {(r.codec, r.quality): r for r in enhancement.rows if r.filter == "none"}
    with_lpips = any(row.lpips is not None for row in enhancement.rows)
    lines = [
        "| codec, quality | bits/pixel | filter | strength | PSNR dB | gain | MS-SSIM dB | gain "
        + ("| LPIPS " if with_lpips else "")
        + "| CPU s/Mpx |",
        "| --- " * (10 if with_lpips else 9) + "|",
    ]
    for row in enhancement.rows:
        before = plain[row.codec, row.quality]
        cells = [
            f"{row.codec}, {row.quality}",
            f"{row.bpp:.3f}",
            row.filter,
            "-" if row.strength is None else f"{row.strength:g}",
            f"{row.psnr:.2f}",
            f"{row.psnr - before.psnr:+.2f}" if row is not before else "",
            "-" if row.ms_ssim_db is None else f"{row.ms_ssim_db:.2f}",
            _gain(row.ms_ssim_db, before.ms_ssim_db) if row is not before else "",
        ]
        if with_lpips:
            cells.append("-" if row.lpips is None else f"{row.lpips:.3f}")
        cells.append(f"{row.seconds_per_mpx:.2f}" if row is not before else "")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _middle(picture: np.ndarray) -> np.ndarray:
    return middle(picture, _TRAINING_SIDE, _TRAINING_SIDE)


def _lpips(metric: Optional[Lpips], original: np.ndarray, other: np.ndarray) -> Optional[float]:
    if metric is None or min(original.shape[:2]) < MIN_SIDE:
        return None
    return metric.distance(original, other)


def _mean(values: Sequence[Optional[float]]) -> Optional[float]:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def _gain(value: Optional[float], before: Optional[float]) -> str:
    return "-" if value is None or before is None else f"{value - before:+.2f}"
