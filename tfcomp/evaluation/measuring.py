"""Measures one contestant on a set of images: bytes, quality, speed and memory.

The codec runs first and alone; picture quality, which needs memory of its own, is computed
afterwards from the files.
"""

from __future__ import annotations

import dataclasses
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, List, Optional, Sequence, Tuple

import numpy as np

from tfcomp.errors import CodecError
from tfcomp.evaluation.contestants import Contestant
from tfcomp.evaluation.images import read_pixels
from tfcomp.evaluation.lpips import MIN_SIDE, Lpips
from tfcomp.evaluation.metrics import border_steps, decibels, ms_ssim, psnr
from tfcomp.image_spec import RGB8, ImageSpec

# A step is repeated until it took this long in all: the noise of a slow step is small beside it.
SECONDS_FOR_REPEATS = 1.5


@dataclasses.dataclass(frozen=True)
class Measurement:
    """One image at one quality setting.

    Attributes:
      image: its name. quality: the setting.
      bytes: of the whole file. bpp: the same in bits/pixel.
      psnr: dB. ms_ssim: 0 to 1; ms_ssim_db: -10 log10(1 - MS-SSIM); both None for small images.
      encode_mpx_s, decode_mpx_s: million pixels a second, by the median of the runs.
      encode_runs, decode_runs: how many there were.
      lpips: see `Lpips`; None where it was not asked for, and for tiny images.
      border_steps: see `tfcomp.evaluation.metrics`; None in results of earlier versions.
    """

    image: str
    quality: int
    bytes: int
    bpp: float
    psnr: float
    ms_ssim: Optional[float]
    ms_ssim_db: Optional[float]
    encode_mpx_s: float
    decode_mpx_s: float
    encode_runs: int
    decode_runs: int
    lpips: Optional[float] = None
    border_steps: Optional[float] = None


@dataclasses.dataclass(frozen=True)
class _Timing:
    seconds: float
    runs: int


def measure(
    contestant: Contestant,
    images: Sequence[Tuple[str, Path]],
    repeats: int,
    on_step: Callable[[], object] = lambda: None,
    lpips: Optional[Lpips] = None,
    spec: ImageSpec = RGB8,
) -> Tuple[List[Measurement], Optional[float]]:
    """Codes every image at every quality.

    Args:
      contestant: the codec.
      images: (name, path) pairs.
      repeats: how often each step is timed; fewer if it is slow (`SECONDS_FOR_REPEATS`).
      on_step: called 2 x images x qualities times, for a progress bar.
      lpips: to be measured too.
      spec: of the images; MS-SSIM is of pictures for screens alone.

    Returns:
      (measurements, the process's peak memory in MiB up to the end of all coding)

    Raises:
      CodecError: an image cannot be read or coded, or comes back in another size.
    """
    with tempfile.TemporaryDirectory(prefix="tfcomp-benchmark-") as folder:
        coded = []
        _warm_up(contestant, read_pixels(images[0][1], spec))
        for number, (name, path) in enumerate(images):
            pixels = read_pixels(path, spec)
            for quality in contestant.qualities:
                encoded, encoding = _timed(repeats, contestant.encode, pixels, quality)
                decoded, decoding = _timed(repeats, contestant.decode, encoded)
                if decoded.shape != pixels.shape:
                    raise CodecError(f"{contestant.name} gives {name} back in another size")
                file = Path(folder) / f"{number}-{quality}"
                file.write_bytes(encoded)
                coded.append((name, path, quality, file, encoding, decoding))
                on_step()
        peak = peak_memory_mib()
        measurements, last = [], None
        for name, path, quality, file, encoding, decoding in coded:
            if path != last:
                pixels, last = read_pixels(path, spec), path
            data = file.read_bytes()
            measurements.append(
                _judged(
                    contestant, name, pixels, quality, data, encoding, decoding, lpips, spec
                )
            )
            on_step()
    return measurements, peak


def peak_memory_mib() -> Optional[float]:
    """The peak resident memory of this process so far, in MiB; None if the system does not tell."""
    try:
        # Unlike getrusage's, this figure is not inherited from the parent process.
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:  # Windows
        return None
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest / (2**20 if sys.platform == "darwin" else 2**10)


def _warm_up(contestant: Contestant, pixels: np.ndarray) -> None:
    quality = contestant.qualities[len(contestant.qualities) // 2]
    contestant.decode(contestant.encode(pixels, quality))


def _timed(repeats: int, step: Callable[..., Any], *arguments: Any) -> Tuple[Any, _Timing]:
    times: List[float] = []
    while not times or (len(times) < repeats and sum(times) < SECONDS_FOR_REPEATS):
        start = time.perf_counter()
        result = step(*arguments)
        times.append(time.perf_counter() - start)
    return result, _Timing(statistics.median(times), len(times))


def _judged(
    contestant: Contestant,
    name: str,
    pixels: np.ndarray,
    quality: int,
    data: bytes,
    encoding: _Timing,
    decoding: _Timing,
    lpips: Optional[Lpips],
    spec: ImageSpec,
) -> Measurement:
    decoded = contestant.decode(data)
    count = pixels.shape[0] * pixels.shape[1]
    similarity = ms_ssim(pixels, decoded) if spec.is_screen else None
    if min(pixels.shape[:2]) < MIN_SIDE:
        lpips = None
    return Measurement(
        image=name,
        quality=quality,
        bytes=len(data),
        bpp=8 * len(data) / count,
        psnr=psnr(pixels, decoded, spec.peak),
        ms_ssim=similarity,
        ms_ssim_db=decibels(similarity),
        encode_mpx_s=count / 1e6 / encoding.seconds,
        decode_mpx_s=count / 1e6 / decoding.seconds,
        encode_runs=encoding.runs,
        decode_runs=decoding.runs,
        lpips=lpips.distance(pixels, decoded) if lpips else None,
        border_steps=border_steps(decoded),
    )
