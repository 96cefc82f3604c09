"""Sequences of real clips beside AVIF and x264: the table of docs/sequences.md.

    python -m lab.sequence_table CLIP... [--count 100] [--every 4] [--markdown FILE]

CLIP is a folder with the frames of a clip as pictures. The first model writes a sequence at three
qualities, a frame in its middle is decoded alone, and every fourth frame is measured. Models whose
frames may depend on each other stand there twice, with every frame by itself first. The others
run over a row of settings; what stands in the table is read off between the two that are next to
the first column's PSNR, on a line through PSNR and the logarithm of bytes.

    AVIF sequence   Pillow's plugin, save_all, speed 6, 4:2:0: frames are predicted from others
    AVIF frames     the same, each frame a file
    x264 intra      libx264 through PyAV, preset medium, keyint 1, 4:2:0: frames alone
    x264            the same with its own group of pictures

Without PyAV (pip install av) the last two are left out. Everything runs on one thread, and times
are a processor's, so that other programs count little. PSNR is the mean of frames' PSNR on RGB.
"""

from __future__ import annotations

import argparse
import functools
import io
import logging
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image, features

import tfcomp
from tfcomp.cli.sequences import frame_files
from tfcomp.errors import CodecError, exit_code_of
from tfcomp.evaluation.metrics import psnr
from tfcomp.runtime.atomic_file import write_atomically

try:
    import av
except ImportError:
    av = None

QUALITIES = (2, 4, 6)
OTHER_QUALITIES = (2, 4, 6, 8)  # of models after the first: which reaches its PSNR is not known
# Settings of the others, each in the order of rising PSNR.
AVIF_QUALITIES = (1, 10, 22, 35, 48, 60, 72, 84)
CRFS = (47, 42, 38, 34, 30, 26, 22, 18, 14)

_log = logging.getLogger("lab")


@dataclass(frozen=True)
class Point:
    """A clip coded with one setting.

    Attributes:
      bytes: a frame.
      psnr: the mean over the frames that are measured.
      encoding: milliseconds a frame.
      decoding: likewise.
      seeking: milliseconds until a frame in the middle is there; None where it was not tried.
    """

    bytes: float
    psnr: float
    encoding: float
    decoding: float
    seeking: float | None = None


def ours(
    codec: tfcomp.api.Codec, group: int | None, files: Sequence[str], quality: int, every: int
) -> Point:
    """A sequence of one of our models; group: see `Codec.compress_frames`."""
    start = time.process_time()
    data = codec.compress_frames(files, 40, 0, quality, group=group)
    encoding = time.process_time() - start
    frames = codec.read_frames(data)
    start = time.process_time()
    middle = codec.read_frames(data)[len(files) // 2].pixels
    seeking = time.process_time() - start
    decoding, values = 0.0, []
    for number in range(len(files)):
        start = time.process_time()
        pixels = frames[number].pixels
        decoding += time.process_time() - start
        if number % every == 0:
            values.append(psnr(_pixels(files[number]), pixels))
        if number == len(files) // 2 and not np.array_equal(middle, pixels):
            raise CodecError("a frame that was sought differs from the same one played")
    count = len(files)
    return Point(
        *(len(data) / count, float(np.mean(values)), 1000 * encoding / count),
        *(1000 * decoding / count, 1000 * seeking),
    )


def avif_sequence(files: Sequence[str], quality: int, every: int) -> Point:
    """One animated AVIF."""
    images = [Image.fromarray(_pixels(file)) for file in files]
    stream = io.BytesIO()
    options = {"quality": quality, "speed": 6, "subsampling": "4:2:0", "max_threads": 1}
    start = time.process_time()
    images[0].save(
        *(stream, "AVIF"), save_all=True, append_images=images[1:], duration=40, **options
    )
    encoding = time.process_time() - start

    def decoded() -> Iterator[np.ndarray]:
        with Image.open(stream) as opened:
            for number in range(len(files)):
                opened.seek(number)
                yield np.asarray(opened.convert("RGB"))

    return _measured(files, every, len(stream.getvalue()), encoding, decoded())


def avif_frames(files: Sequence[str], quality: int, every: int) -> Point:
    """An AVIF file a frame."""
    options = {"quality": quality, "speed": 6, "subsampling": "4:2:0", "max_threads": 1}
    streams, encoding = [], 0.0
    for file in files:
        image, stream = Image.fromarray(_pixels(file)), io.BytesIO()
        start = time.process_time()
        image.save(stream, "AVIF", **options)
        encoding += time.process_time() - start
        streams.append(stream)
    decoded = (np.asarray(Image.open(stream).convert("RGB")) for stream in streams)
    return _measured(files, every, sum(len(s.getvalue()) for s in streams), encoding, decoded)


def x264(files: Sequence[str], crf: int, every: int, intra: bool) -> Point:
    """An H.264 stream without a container."""
    height, width, _ = _pixels(files[0]).shape
    coder = av.CodecContext.create("libx264", "w")
    coder.width, coder.height, coder.pix_fmt = width, height, "yuv420p"
    coder.time_base = Fraction(1, 25)
    coder.options = {"preset": "medium", "crf": str(crf), "threads": "1"}
    if intra:
        coder.gop_size = 1
    frames = [av.VideoFrame.from_ndarray(_pixels(file), "rgb24") for file in files]
    start = time.process_time()
    packets = []
    for number, frame in enumerate(frames):
        frame.pts = number
        packets += coder.encode(frame)
    packets += coder.encode(None)
    encoding = time.process_time() - start
    size = sum(packet.size for packet in packets)

    def decoded() -> Iterator[np.ndarray]:
        decoder = av.CodecContext.create("h264", "r")
        decoder.thread_count = 1
        for packet in [*packets, None]:
            for frame in decoder.decode(packet):
                yield frame.to_ndarray(format="rgb24")

    return _measured(files, every, size, encoding, decoded())


def table(clips: Sequence[Path], models: Sequence[str], count: int, every: int) -> Iterator[str]:
    """Lines of Markdown."""
    others, codecs = _others(), _codecs(models)
    yield "| clip | PSNR | " + " | ".join((*codecs, *others)) + " |"
    yield "| --- |" + " --- |" * (1 + len(codecs) + len(others))
    times: dict[str, list[str]] = {}
    for clip in clips:
        files = frame_files(clip)[:count]
        height, width, _ = _pixels(files[0]).shape
        called = f"{clip.name}, {width}x{height}, {len(files)} frames"
        curves = {}
        for name, (codec, group) in codecs.items():
            qualities = OTHER_QUALITIES if curves else QUALITIES
            curves[name] = [
                _logged(called, name, quality, ours(codec, group, files, quality, every))
                for quality in qualities
            ]
        first = next(iter(curves))
        wanted = [point.psnr for point in curves[first]]
        for name, (settings, code) in others.items():
            curves[name] = _around(
                wanted, settings, functools.partial(_coded, called, name, code, files, every)
            )
        for point in curves[first]:
            cells = [_at(curve, point.psnr) for curve in curves.values()]
            yield f"| {called} | {point.psnr:.2f} | " + " | ".join(cells) + " |"
            called = ""
        for name, points in curves.items():
            times.setdefault(name, []).append(_times(points))
    yield ""
    yield "| ms a frame: encoding / decoding | " + " | ".join(clip.name for clip in clips) + " |"
    yield "| --- |" + " --- |" * len(clips)
    for name, cells in times.items():
        yield f"| {name} | " + " | ".join(cells) + " |"


def _codecs(models: Sequence[str]) -> dict[str, tuple[tfcomp.api.Codec, int | None]]:
    """Codecs with the group that they write, by their columns' names."""
    found: dict[str, tuple[tfcomp.api.Codec, int | None]] = {}
    for each in models:
        codec = tfcomp.load(each, num_threads=1)
        name = str(codec.info["name"])
        if codec.bundle.manifest.sequence:
            found[f"{name}, frames alone"] = codec, 1
        found[name] = codec, None
    return found


def _others() -> dict[str, tuple[Sequence[int], Callable[[Sequence[str], int, int], Point]]]:
    others: dict[str, tuple[Sequence[int], Callable[[Sequence[str], int, int], Point]]] = {}
    if features.check("avif"):
        others["AVIF frames"] = AVIF_QUALITIES, avif_frames
    if av is not None and "libx264" in av.codecs_available:
        others["x264 intra"] = CRFS, lambda *given: x264(*given, intra=True)
    if features.check("avif"):
        others["AVIF sequence"] = AVIF_QUALITIES, avif_sequence
    if "x264 intra" in others:
        others["x264"] = CRFS, lambda *given: x264(*given, intra=False)
    else:
        _log.warning("no PyAV with libx264 here, so x264 is left out (pip install av)")
    return others


def _around(
    wanted: Sequence[float], settings: Sequence[int], code: Callable[[int], Point]
) -> list[Point]:
    """Points on both sides of each PSNR, by halving the row of settings, each coded once."""
    found: dict[int, Point] = {}

    def at(place: int) -> Point:
        if place not in found:
            found[place] = code(settings[place])
        return found[place]

    for each in wanted:
        low, high = 0, len(settings) - 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if at(middle).psnr <= each else (low, middle)
        at(low), at(high)
    return [found[place] for place in sorted(found)]


def _at(curve: Sequence[Point], wanted: float) -> str:
    """Bytes a frame at a PSNR; a dash where the settings do not reach it."""
    curve = sorted(curve, key=lambda point: point.psnr)
    for low, high in zip(curve, curve[1:]):
        if low.psnr <= wanted <= high.psnr:
            share = (wanted - low.psnr) / (high.psnr - low.psnr)
            between = (1 - share) * math.log(low.bytes) + share * math.log(high.bytes)
            return f"{math.exp(between):,.0f}"
    return "-"


def _times(points: Sequence[Point]) -> str:
    encoding, decoding = (
        np.median([getattr(point, name) for point in points]) for name in ("encoding", "decoding")
    )
    sought = [point.seeking for point in points if point.seeking is not None]
    seeking = f", seek {np.median(sought):.0f}" if sought else ""
    return f"{encoding:.1f} / {decoding:.1f}{seeking}"


def _measured(
    files: Sequence[str], every: int, size: int, encoding: float, decoded: Iterator[np.ndarray]
) -> Point:
    values, decoding = [], 0.0
    for number, file in enumerate(files):
        start = time.process_time()
        pixels = next(decoded)
        decoding += time.process_time() - start
        if number % every == 0:
            values.append(psnr(_pixels(file), pixels))
    count = len(files)
    return Point(
        size / count, float(np.mean(values)), 1000 * encoding / count, 1000 * decoding / count
    )


def _pixels(file: str) -> np.ndarray:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def _coded(
    clip: str,
    name: str,
    code: Callable[[Sequence[str], int, int], Point],
    files: Sequence[str],
    every: int,
    setting: int,
) -> Point:
    return _logged(clip, name, setting, code(files, setting, every))


def _logged(clip: str, name: str, setting: int, point: Point) -> Point:
    _log.info("%s: %s %s: %s", clip, name, setting, point)
    return point


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.sequence_table", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--models", default="cycle,cycle-small")
    parser.add_argument("--count", type=int, default=100, help="frames of each clip")
    parser.add_argument("--every", type=int, default=4, help="which frames are measured")
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    def work() -> None:
        models = options.models.split(",")
        text = "\n".join(table(options.clips, models, options.count, options.every)) + "\n"
        print(text)
        if options.markdown:
            write_atomically(options.markdown, text.encode())

    return exit_code_of("lab.sequence_table", work)


if __name__ == "__main__":
    sys.exit(main())
