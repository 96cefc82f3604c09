"""What `--refine` and `--feedback` bring: bytes, PSNR, BD-rate and seconds.

    python -m lab.refinement FOLDER --model cycle --steps 0,25,100 --feedback 0,1

Whole files and decoded 8-bit pixels, as everywhere; the BD-rate is against the first setting, from
the mean curves of the qualities given. Prints Markdown as it goes.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from tfcomp.errors import ConfigError, exit_code_of
from tfcomp.evaluation.curves import Point, bd_rate
from tfcomp.evaluation.images import read_images
from tfcomp.evaluation.metrics import psnr
from tfcomp.images.cropping import middle


class _Setting(NamedTuple):
    """How files are made: rounds of feedback, then steps of refinement."""

    rounds: int
    steps: int


def main(arguments=None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.refinement")
    parser.add_argument("folder", type=Path, help="folder of test images")
    parser.add_argument("--model", default="cycle", help="installed bundle or path")
    parser.add_argument("--steps", default="0,25,100", help="steps of refinement, a row for each")
    parser.add_argument("--feedback", default="0", help="rounds of feedback before, likewise")
    parser.add_argument("--qualities", help="of the model; lowest, middle and highest if left out")
    parser.add_argument("--images", help="only these, by name without suffix")
    parser.add_argument("--crop", metavar="WxH", help="only the middle of each picture")
    options = parser.parse_args(arguments)
    return exit_code_of("refinement", lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    import tfcomp

    images = _chosen(read_images(options.folder), options.images, options.crop)
    codec = tfcomp.load(options.model)
    settings = [
        _Setting(codec.checked_feedback(rounds), steps)
        for rounds in _numbers(options.feedback)
        for steps in _numbers(options.steps)
    ]
    ends = (1, (1 + codec.qualities) // 2, codec.qualities)
    qualities = _numbers(options.qualities) if options.qualities else sorted(set(ends))
    for quality in qualities:
        codec.checked_quality(quality)
    print("| picture | quality | feedback | steps | bytes | PSNR dB | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    curves: Dict[_Setting, List[Point]] = {each: [] for each in settings}
    for quality in qualities:
        rates: Dict[_Setting, List[Tuple[float, float]]] = {each: [] for each in settings}
        for name, image in images.items():
            for each in settings:
                start = time.perf_counter()
                data = codec.compress(image, quality, feedback=each.rounds, refine=each.steps)
                seconds = time.perf_counter() - start
                decibels = psnr(image, codec.decompress(data))
                rates[each].append((8 * len(data) / (image.size // 3), decibels))
                print(
                    f"| {name} | {quality} | {each.rounds} | {each.steps} | {len(data)} "
                    f"| {decibels:.2f} | {seconds:.1f} |",
                    flush=True,
                )
        for each in settings:
            bpp, decibels = np.mean(rates[each], axis=0)
            curves[each].append(Point(quality, float(bpp), float(decibels)))
    _print_means(curves)


def _print_means(curves: Dict[_Setting, List[Point]]) -> None:
    print("\n| feedback | steps | mean bits/pixel and PSNR dB at each quality | BD-rate |")
    print("| --- | --- | --- | --- |")
    first = next(iter(curves.values()))
    for each, curve in curves.items():
        points = "; ".join(f"{p.bpp:.4f}, {p.psnr:.2f}" for p in curve)
        found = bd_rate(first, curve) if curve is not first else None
        gain = f"{found.percent:+.2f} %" if found else "-"
        print(f"| {each.rounds} | {each.steps} | {points} | {gain} |")


def _chosen(
    images: Dict[str, np.ndarray], names: Optional[str], crop: Optional[str]
) -> Dict[str, np.ndarray]:
    if names:
        wanted = names.split(",")
        images = {name: image for name, image in images.items() if Path(name).stem in wanted}
        if not images:
            raise ConfigError(f"the folder has none of {names}")
    if crop is None:
        return images
    try:
        width, height = (int(side) for side in crop.lower().split("x"))
    except ValueError:
        raise ConfigError(f"--crop is WIDTHxHEIGHT, such as 256x256, not '{crop}'") from None
    return {name: middle(image, height, width) for name, image in images.items()}


def _numbers(text: str) -> List[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(f"whole numbers with commas between, not '{text}'") from None


if __name__ == "__main__":
    sys.exit(main())
