"""A quick look at rate-distortion curves, without the timings and the report of the benchmark.

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
from typing import Any, Callable, Dict, List, Sequence

import numpy as np
from tqdm import tqdm

from tfcomp.errors import exit_code_of
from tfcomp.evaluation.classical import CODECS
from tfcomp.evaluation.contestants import CODEC, MODEL, open_contestant
from tfcomp.evaluation.curves import Point, bd_rate, why_incomparable
from tfcomp.evaluation.images import read_images
from tfcomp.evaluation.metrics import PEAK, psnr
from tfcomp.evaluation.results import finite


def curve(
    encode: Callable,
    decode: Callable,
    qualities: Sequence[int],
    images: Dict[str, np.ndarray],
    peak: float = PEAK,
) -> List[Point]:
    """Codes every image at every quality; each point is the mean over the images.

    Args:
      encode: (samples, quality) -> bytes.
      decode: bytes -> samples.
      qualities: settings from small to large files.
      images: name -> samples, uint8 [H, W, 3] or others.
      peak: the range of the samples, for the PSNR.
    """
    points = []
    for quality in qualities:
        rates, psnrs = [], []
        for image in images.values():
            data = encode(image, quality)
            rates.append(8 * len(data) / (image.shape[0] * image.shape[1]))
            psnrs.append(psnr(image, decode(data), peak))
        points.append(Point(quality, float(np.mean(rates)), float(np.mean(psnrs))))
    return points


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tfcomp.evaluation.rate_distortion")
    parser.add_argument("folder", type=Path, help="folder of test images")
    parser.add_argument("--model", default="cycle", help="installed bundle or path")
    parser.add_argument("--codecs", default="jpeg", help=f"of {', '.join(CODECS)}")
    parser.add_argument("--json", type=Path, help="also write the curves to this file")
    options = parser.parse_args(arguments)
    return exit_code_of("rate_distortion", lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    images = read_images(options.folder)
    names = [name for name in options.codecs.split(",") if name]
    contestants: List[Any] = [open_contestant(MODEL, options.model)]
    contestants += [open_contestant(CODEC, name) for name in names]
    sizes = {name: image.shape[1::-1] for name, image in images.items()}
    contestants[0].require_sizes(sizes)
    print(f"{len(images)} image{'s' if len(images) > 1 else ''} of {options.folder}")
    results: Dict[str, List[Point]] = {}
    for each in contestants:
        print(f"{each.name}: {each.describe()}")
        steps = tqdm(each.qualities, desc=each.name, leave=False, disable=None)
        results[each.name] = [
            point for q in steps for point in curve(each.encode, each.decode, [q], images)
        ]
    for name, points in results.items():
        print(f"\n{name}\nquality  bits/pixel  PSNR dB")
        for p in points:
            print(f"{p.quality:7d}  {p.bpp:10.4f}  {p.psnr:7.2f}")
    print()
    for name in names:
        found = bd_rate(results[name], results[options.model])
        if found is None:
            why = why_incomparable(results[name], results[options.model])
            print(f"{options.model} against {name}: {why}")
            continue
        print(f"BD-rate of {options.model} against {name}: {found}")
    if options.json:
        plain = {name: [dataclasses.asdict(p) for p in pts] for name, pts in results.items()}
        text = json.dumps(finite(plain), indent=1, allow_nan=False) + "\n"
        options.json.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
