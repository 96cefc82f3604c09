"""Rate-distortion curves from real files, side by side with classical codecs.

    python -m tfcomp.evaluation.rate_distortion FOLDER --model cycle --codecs jpeg,webp

Rate is the size of the whole file; PSNR is computed on the decoded 8-bit pixels; the BD-rate is
the `bjontegaard` package's (PCHIP) over the PSNR range that both mean curves cover.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Callable, Dict, List, Sequence, Tuple

import numpy as np
from tqdm import tqdm

from tfcomp.errors import CodecError, ImageError
from tfcomp.evaluation.classical import CODECS
from tfcomp.evaluation.metrics import psnr

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm"}


@dataclasses.dataclass(frozen=True)
class Point:
    """Mean over images at one quality setting: bits/pixel of whole files, PSNR in dB."""

    quality: int
    bpp: float
    psnr: float


def curve(
    encode: Callable, decode: Callable, qualities: Sequence[int], images: Dict[str, np.ndarray]
) -> List[Point]:
    """Codes every image at every quality.

    Args:
      encode: (uint8 [H, W, 3], quality) -> bytes.
      decode: bytes -> uint8 [H, W, 3].
      qualities: settings from small to large files.
      images: name -> uint8 [H, W, 3].
    """
    points = []
    for quality in qualities:
        rates, psnrs = [], []
        for image in images.values():
            data = encode(image, quality)
            rates.append(8 * len(data) / (image.shape[0] * image.shape[1]))
            psnrs.append(psnr(image, decode(data)))
        points.append(Point(quality, float(np.mean(rates)), float(np.mean(psnrs))))
    return points


def bd_rate(anchor: Sequence[Point], test: Sequence[Point]) -> Tuple[float, float, float]:
    """Bjontegaard's mean rate difference at equal PSNR, in percent; negative saves bytes.

    Bjontegaard 2001, ITU-T VCEG-M33, with PCHIP interpolation.

    Returns:
      (percent, lowest, highest PSNR in dB of the range compared)
    """
    import bjontegaard

    low = max(min(p.psnr for p in curve_) for curve_ in (anchor, test))
    high = min(max(p.psnr for p in curve_) for curve_ in (anchor, test))
    percent = bjontegaard.bd_rate(
        [p.bpp for p in anchor],
        [p.psnr for p in anchor],
        [p.bpp for p in test],
        [p.psnr for p in test],
        method="pchip",
        require_matching_points=False,
        min_overlap=0,
    )
    return float(percent), low, high


def read_images(folder: Path) -> Dict[str, np.ndarray]:
    """Every image of a folder, sorted by name, as uint8 [H, W, 3].

    Raises:
      ImageError: the folder holds none.
    """
    from tfcomp.runtime.image_input import read_image

    files = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
    if not files:
        raise ImageError(f"no images in {folder}: give a folder of PNG or JPEG files")
    return {path.name: read_image(path).pixels for path in files}


def main(arguments=None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tfcomp.evaluation.rate_distortion")
    parser.add_argument("folder", type=Path, help="folder of test images")
    parser.add_argument("--model", default="cycle", help="installed bundle or path")
    parser.add_argument("--codecs", default="jpeg", help=f"of {', '.join(CODECS)}")
    parser.add_argument("--json", type=Path, help="also write the curves to this file")
    options = parser.parse_args(arguments)
    try:
        return _run(options)
    except CodecError as error:
        print(f"rate_distortion: {error}", file=sys.stderr)
        return 2


def _run(options) -> int:
    import tfcomp

    images = read_images(options.folder)
    codec = tfcomp.load(options.model)
    names = [name for name in options.codecs.split(",") if name]
    unknown = [name for name in names if name not in CODECS]
    if unknown:
        raise CodecError(f"unknown codec {unknown[0]}: choose of {', '.join(CODECS)}")
    print(f"{len(images)} images of {options.folder}")
    results: Dict[str, List[Point]] = {}
    qualities = range(1, codec.qualities + 1)
    jobs = {options.model: (lambda i, q: codec.compress(i, quality=q), codec.decompress, qualities)}
    for name in names:
        anchor = CODECS[name]
        print(anchor.describe())
        jobs[name] = (anchor.encode, anchor.decode, anchor.qualities)
    for name, (encode, decode, settings) in jobs.items():
        results[name] = []
        for quality in tqdm(settings, desc=name, leave=False):
            results[name] += curve(encode, decode, [quality], images)
    for name, points in results.items():
        print(f"\n{name}\nquality  bits/pixel  PSNR dB")
        for p in points:
            print(f"{p.quality:7d}  {p.bpp:10.4f}  {p.psnr:7.2f}")
    print()
    for name in names:
        percent, low, high = bd_rate(results[name], results[options.model])
        print(
            f"BD-rate of {options.model} against {name}: {percent:+.1f} % "
            f"({low:.1f} to {high:.1f} dB)"
        )
    if options.json:
        plain = {name: [dataclasses.asdict(p) for p in pts] for name, pts in results.items()}
        options.json.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
