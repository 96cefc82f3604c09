"""The three figures of the script that gave the cycle codec its name, measured on real files.

    python -m lab.seed_figures FOLDER --model cycle --markdown T.md --json T.json

That script reports a compression ratio, seconds per hundred images and the quality of the
reconstruction, and claims a PSNR of 21 dB at 5.33x. Here the ratio is that of 24-bit raw pixels to
whole files, time is that of one thread, and quality is that of decoded 8-bit pixels. Beside each
quality stands JPEG at no smaller a file: the lowest setting whose files are together at least as
large.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import sys
import time
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
from tqdm import tqdm

from tfcomp.errors import CodecError, ConfigError, exit_code_of
from tfcomp.evaluation.classical import JPEG
from tfcomp.evaluation.contestants import Contestant, Model
from tfcomp.evaluation.images import image_files, read_pixels
from tfcomp.evaluation.metrics import ms_ssim, psnr
from tfcomp.evaluation.size_search import largest_within
from tfcomp.runtime.atomic_file import write_atomically

CLAIMED_RATIO, CLAIMED_PSNR = 5.33, 21.0


@dataclasses.dataclass(frozen=True)
class Figures:
    """One codec at one quality setting, over all images.

    Attributes:
      codec: its name. quality: the setting.
      ratio: bytes of raw 24-bit pixels / bytes of whole files, both summed over the images.
      psnr: dB, mean over the images. ms_ssim: 0 to 1, mean; None where an image is too small.
      encode_seconds, decode_seconds: wall-clock seconds for a hundred images on one thread.
      encode_cpu_seconds, decode_cpu_seconds: the same in processor time, which other work on the
        machine disturbs less.
    """

    codec: str
    quality: int
    ratio: float
    psnr: float
    ms_ssim: Optional[float]
    encode_seconds: float
    decode_seconds: float
    encode_cpu_seconds: float
    decode_cpu_seconds: float


def measure(codec: Contestant, quality: int, images: Sequence[np.ndarray]) -> Figures:
    """Codes every image, uint8 [H, W, 3], once.

    Raises:
      CodecError: an image comes back in another size.
    """
    raw = coded = 0
    encoding, decoding = np.zeros(2), np.zeros(2)
    psnrs: List[float] = []
    similarities: List[Optional[float]] = []
    for image in images:
        data, spent = _timed(lambda image=image: codec.encode(image, quality))
        encoding += spent
        decoded, spent = _timed(lambda data=data: codec.decode(data))
        decoding += spent
        if decoded.shape != image.shape:
            raise CodecError(f"{codec.name} gives an image back in another size")
        raw, coded = raw + image.size, coded + len(data)
        psnrs.append(psnr(image, decoded))
        similarities.append(ms_ssim(image, decoded))
    known = [s for s in similarities if s is not None]
    encoding *= 100 / len(images)
    decoding *= 100 / len(images)
    return Figures(
        codec=codec.name,
        quality=quality,
        ratio=raw / coded,
        psnr=float(np.mean(psnrs)),
        ms_ssim=float(np.mean(known)) if len(known) == len(images) else None,
        encode_seconds=float(encoding[0]),
        decode_seconds=float(decoding[0]),
        encode_cpu_seconds=float(encoding[1]),
        decode_cpu_seconds=float(decoding[1]),
    )


def no_smaller_setting(size_of: Callable[[int], int], highest: int, target: int) -> int:
    """The lowest setting from 1 to `highest` whose file has at least `target` bytes, or `highest`.

    `size_of` gives the bytes of a setting's file, which grow with the setting.
    """
    return (largest_within(size_of, range(1, highest), target - 1) or 0) + 1


def compare(codec: Contestant, images: Sequence[np.ndarray]) -> List[Tuple[Figures, Figures]]:
    """(the codec, JPEG at no smaller a file) at every quality of the codec."""
    sizes: Dict[int, int] = {}

    def jpeg_size(setting: int) -> int:
        if setting not in sizes:
            sizes[setting] = sum(len(JPEG.encode(image, setting)) for image in images)
        return sizes[setting]

    raw = sum(image.size for image in images)
    codec.decode(codec.encode(images[0], codec.qualities[0]))  # warm-up
    pairs, jpegs = [], {}
    for quality in tqdm(codec.qualities, desc=codec.name, leave=False, disable=None):
        own = measure(codec, quality, images)
        setting = no_smaller_setting(jpeg_size, JPEG.highest, round(raw / own.ratio))
        if setting not in jpegs:
            jpegs[setting] = measure(JPEG, setting, images)
        pairs.append((own, jpegs[setting]))
    return pairs


def markdown(pairs: Sequence[Tuple[Figures, Figures]], heading: str) -> str:
    """The table, one line a quality, followed by the claim and whether it holds."""
    name = pairs[0][0].codec
    lines = [
        heading,
        "",
        f"| {name}, quality | ratio | PSNR dB | MS-SSIM | encode, s / 100 | decode, s / 100 "
        "| JPEG setting | JPEG ratio | JPEG PSNR dB | JPEG MS-SSIM |",
        "| --- " * 10 + "|",
    ]
    for own, jpeg in pairs:
        lines.append(
            f"| {own.quality} | {own.ratio:.1f}x | {own.psnr:.2f} | {_similarity(own)} "
            f"| {own.encode_cpu_seconds:.1f} ({own.encode_seconds:.1f}) "
            f"| {own.decode_cpu_seconds:.1f} ({own.decode_seconds:.1f}) "
            f"| {jpeg.quality} | {jpeg.ratio:.1f}x | {jpeg.psnr:.2f} | {_similarity(jpeg)} |"
        )
    lines.append(f"| the claim | {CLAIMED_RATIO}x | {CLAIMED_PSNR:.0f} |" + " - |" * 7)
    both = [o for o, _ in pairs if o.ratio >= CLAIMED_RATIO and o.psnr >= CLAIMED_PSNR]
    if both:
        best = max(both, key=lambda figures: figures.psnr)
        lines += [
            "",
            f"{len(both)} of {len(pairs)} qualities beat the claim in ratio and in PSNR; quality "
            f"{best.quality} by {best.psnr - CLAIMED_PSNR:.1f} dB at "
            f"{best.ratio / CLAIMED_RATIO:.1f} times the ratio.",
        ]
    else:
        lines += ["", "No quality reaches the claimed ratio and the claimed PSNR together."]
    return "\n".join(lines) + "\n"


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.seed_figures", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("folder", type=Path, help="folder of test images")
    parser.add_argument("--model", default="cycle", help="installed bundle or path")
    parser.add_argument("--limit", type=int, metavar="N", help="take the first N images only")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the table here")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args(arguments)
    return exit_code_of("seed_figures", lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    if options.limit is not None and options.limit < 1:
        raise ConfigError("--limit must be 1 or more")
    model = Model(options.model)
    files = image_files(options.folder)[: options.limit]
    images = [read_pixels(path) for path in files]
    fingerprint = model.codec.bundle.manifest.fingerprint
    pairs = compare(model, images)
    heading = (
        f"{len(images)} images of `{options.folder.name}`, bundle `{model.name}` "
        f"({fingerprint[:8]}). Seconds for a hundred images: processor time of one thread (on the "
        f"clock, with all else that ran). JPEG: {JPEG.describe().partition(', quality')[0]}."
    )
    table = markdown(pairs, heading)
    print(table, end="")
    if options.markdown:
        write_atomically(options.markdown, table.encode())
    if options.json:
        content = {
            "images": [path.relative_to(options.folder).as_posix() for path in files],
            "model": model.name,
            "fingerprint": fingerprint,
            "claim": {"ratio": CLAIMED_RATIO, "psnr": CLAIMED_PSNR},
            "rows": [{"model": _record(own), "jpeg": _record(jpeg)} for own, jpeg in pairs],
        }
        text = json.dumps(content, indent=1, allow_nan=False) + "\n"
        write_atomically(options.json, text.encode())


def _timed(step: Callable):
    """The step's result, and [wall-clock seconds, processor seconds]."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = step()
    return result, np.array([time.perf_counter() - wall, time.process_time() - cpu])


def _similarity(figures: Figures) -> str:
    return "-" if figures.ms_ssim is None else f"{figures.ms_ssim:.4f}"


def _record(figures: Figures) -> Dict[str, object]:
    """Plain values; the infinite PSNR of equal pictures is null, as JSON has no infinity."""
    plain = dataclasses.asdict(figures)
    return {**plain, "psnr": figures.psnr if math.isfinite(figures.psnr) else None}


if __name__ == "__main__":
    sys.exit(main())
