"""Pictures for the report: a codec's worst images, by every codec at equal bytes."""

from __future__ import annotations

import base64
import dataclasses
import io
from pathlib import Path
from typing import List, Optional, Tuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from tfcomp.evaluation.contestants import Contestant, nearest_quality, open_contestant
from tfcomp.evaluation.images import read_pixels
from tfcomp.evaluation.metrics import decibels, ms_ssim, psnr
from tfcomp.evaluation.results import Entry, Results

# Low enough to see differences, high enough to be useful.
TARGET_BPP = 0.4
_DETAIL = (512, 384)  # pixels, the longer side along the image's longer side


@dataclasses.dataclass(frozen=True)
class Picture:
    """One codec's version of an image.

    Attributes:
      name: of the codec. quality: its setting. bytes, bpp: of the whole file.
      psnr, ms_ssim_db: of the whole image, in dB; the latter None for small images.
      uri: the detail as a data: URI, lossless.
    """

    name: str
    quality: int
    bytes: int
    bpp: float
    psnr: float
    ms_ssim_db: Optional[float]
    uri: str


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One image.

    Attributes:
      image: its name. percent: BD-rate of the first contestant on it, None if unknown.
      size: of the detail shown, (width, height). original: its data: URI. pictures: the codecs'.
    """

    image: str
    percent: Optional[float]
    size: Tuple[int, int]
    original: str
    pictures: List[Picture]


def worst_images(results: Results, count: int) -> List[Comparison]:
    """The images on which the first contestant saves least against the anchor, worst first.

    Every codec is shown at nearly equal bytes: those of the first contestant at its setting nearest
    to `TARGET_BPP` bits/pixel.
    """
    first = _judged_entry(results)
    names = sorted(results.images, key=lambda name: _badness(first, name), reverse=True)[:count]
    contestants = {e.name: open_contestant(e.kind, e.name) for e in results.entries}
    comparisons = []
    total = len(names) * len(results.entries)
    with tqdm(total=total, desc="pictures", leave=False, disable=None) as bar:
        for name in names:
            original = read_pixels(Path(results.folder) / name)
            own = [m for m in first.measurements if m.image == name]
            target = min(own, key=lambda m: abs(m.bpp - TARGET_BPP)).bytes
            versions = []
            for entry in results.entries:
                version = _version(contestants[entry.name], entry, name, original, target)
                versions.append((entry.name, *version))
                bar.update()
            shown = next(decoded for label, _, _, decoded in versions if label == first.name)
            detail = _hardest_detail(original, shown)
            rows, columns, _ = original[detail].shape
            bd = first.bd_per_image.get(name)
            comparisons.append(
                Comparison(
                    image=name,
                    percent=bd.percent if bd else None,
                    size=(columns, rows),
                    original=_uri(original[detail]),
                    pictures=[
                        _picture(label, quality, data, original, decoded, detail)
                        for label, quality, data, decoded in versions
                    ],
                )
            )
    return comparisons


def _judged_entry(results: Results) -> Entry:
    """The entry that orders the images: the first that is not the anchor."""
    others = [entry for entry in results.entries if entry.name != results.anchor]
    return (others or results.entries)[0]


def _badness(entry: Entry, image: str) -> Tuple[bool, float]:
    bd = entry.bd_per_image.get(image)
    return (bd is not None, bd.percent if bd else 0)


def _version(
    contestant: Contestant, entry: Entry, name: str, original: np.ndarray, target: int
) -> Tuple[int, bytes, np.ndarray]:
    """(quality, file, decoded image) at about the bytes asked for."""
    known = {m.quality: m.bytes for m in entry.measurements if m.image == name}
    quality = nearest_quality(
        lambda q: len(contestant.encode(original, q)), known, (1, contestant.highest), target
    )
    data = contestant.encode(original, quality)
    return quality, data, contestant.decode(data)


def _picture(
    name: str,
    quality: int,
    data: bytes,
    original: np.ndarray,
    decoded: np.ndarray,
    detail: Tuple[slice, slice],
) -> Picture:
    return Picture(
        name=name,
        quality=quality,
        bytes=len(data),
        bpp=8 * len(data) / (original.shape[0] * original.shape[1]),
        psnr=psnr(original, decoded),
        ms_ssim_db=decibels(ms_ssim(original, decoded)),
        uri=_uri(decoded[detail]),
    )


def _hardest_detail(original: np.ndarray, decoded: np.ndarray) -> Tuple[slice, slice]:
    """(rows, columns) of the part with the largest error."""
    height, width, _ = original.shape
    sides = _DETAIL if width >= height else _DETAIL[::-1]
    columns, rows = min(sides[0], width), min(sides[1], height)
    error = np.square(original.astype(np.float64) - decoded).sum(axis=2)
    sums = np.pad(error.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    parts = sums[rows:, columns:] - sums[:-rows, columns:] - sums[rows:, :-columns]
    parts = parts + sums[:-rows, :-columns]
    top, left = np.unravel_index(parts.argmax(), parts.shape)
    return slice(int(top), int(top) + rows), slice(int(left), int(left) + columns)


def _uri(pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    try:
        Image.fromarray(pixels).save(buffer, "WEBP", lossless=True)
        kind = "webp"
    except (KeyError, OSError):  # a Pillow without WebP
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
        kind = "png"
    return f"data:image/{kind};base64," + base64.b64encode(buffer.getvalue()).decode()
