"""Compress an image, or a folder of them, to .tfcomp files.

OUT is made from IN's name if left out, and then never overwrites a file unless --force is given.
A folder's files go to another folder, by the same names; '-' is standard input or output.
What an image has that a .tfcomp file cannot hold (alpha, EXIF ...) is dropped and said.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from tfcomp.cli.files import STANDARD_STREAM, Job, plan, run_jobs, write_output
from tfcomp.cli.output import complain, print_result

if TYPE_CHECKING:
    from tfcomp.runtime.codec import Codec

# What is taken from a folder: Pillow's picture formats (the last two with a plugin).
# fmt: off
IMAGE_SUFFIXES = frozenset((
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".dib",
    ".gif", ".apng", ".pbm", ".pgm", ".ppm", ".pnm", ".jp2", ".j2k", ".jpx", ".tga", ".ico",
    ".icns", ".pcx", ".psd", ".qoi", ".sgi", ".heic", ".heif",
))
# fmt: on


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="IN", help="image, folder or -")
    parser.add_argument("target", metavar="OUT", nargs="?", help="file, folder or -")
    parser.add_argument("-m", "--model", help="name or path of a bundle (see tfcomp models)")
    rate = parser.add_mutually_exclusive_group()
    rate.add_argument(
        "-q", "--quality", type=int, metavar="N", help="from 1, which makes the smallest files"
    )
    rate.add_argument(
        "--bpp", type=float, metavar="X", help="best quality within X bits/pixel, all included"
    )
    rate.add_argument("--max-bytes", type=int, metavar="N", help="best quality within N bytes")
    parser.add_argument(
        "--feedback",
        type=int,
        default=0,
        metavar="N",
        help="N rounds in which the encoder sees its own decoded image, for a few percent; each "
        "takes as long as coding and decoding",
    )
    parser.add_argument(
        "--refine",
        type=int,
        default=0,
        metavar="N",
        help="N steps of gradient descent for a better picture for its bits (at one quality the "
        "file may grow); slow, needs TensorFlow",
    )
    parser.add_argument("-f", "--force", action="store_true", help="overwrite existing files")
    parser.add_argument("--json", action="store_true", help="print one JSON object a file")


def run(options: argparse.Namespace) -> int:
    from tfcomp.runtime import registry
    from tfcomp.runtime.codec import load
    from tfcomp.runtime.refinement_door import open_refinement

    todo = plan(options.source, options.target, ".tfcomp", IMAGE_SUFFIXES)
    codec = load(options.model or registry.default_model())
    codec.checked_quality(options.quality)
    codec.checked_feedback(options.feedback)
    open_refinement(options.refine)
    return run_jobs(
        todo, options.force, options.json, lambda job: _compress_file(job, codec, options)
    )


def _compress_file(job: Job, codec: Codec, options: argparse.Namespace) -> dict[str, Any]:
    from tfcomp.bitstream.container import parse
    from tfcomp.runtime.image_input import MAX_FILE_BYTES, read_image

    manifest = codec.bundle.manifest
    if job.source == STANDARD_STREAM:
        content = sys.stdin.buffer.read(MAX_FILE_BYTES)
        image = read_image(content, manifest.max_pixels)
        input_bytes = len(content)
    else:
        image = read_image(job.source, manifest.max_pixels)
        input_bytes = os.path.getsize(job.source)
    with _bar(options.refine) as progress:
        data = codec.compress(
            image.pixels,
            options.quality,
            target_bpp=options.bpp,
            max_bytes=options.max_bytes,
            feedback=options.feedback,
            refine=options.refine,
            progress=progress,
        )
    write_output(job, data)
    if image.notes:
        complain(f"{job.source_name}: {'; '.join(image.notes)}")
    height, width, _ = image.pixels.shape
    record = {
        "input": job.source,
        "output": job.target,
        "width": width,
        "height": height,
        "input_bytes": input_bytes,
        "bytes": len(data),
        "bits_per_pixel": 8 * len(data) / (width * height),
        "quality": parse(data, lambda fingerprint: manifest).quality,
        "model": manifest.name,
        "notes": list(image.notes),
    }
    line = (
        f"{job.source_name} -> {job.target_name}: {width}x{height}, "
        f"{input_bytes} -> {len(data)} bytes ({input_bytes / len(data):.1f}:1), "
        f"{record['bits_per_pixel']:.3f} bits/pixel, "
        f"quality {record['quality']} of {manifest.qualities}, model {manifest.name}"
    )
    print_result(line, record, options.json, to_stderr=job.target == STANDARD_STREAM)
    return record


@contextlib.contextmanager
def _bar(steps: int) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar for refinement, as `Codec.compress` reports it; none for 0 steps."""
    if not steps:
        yield None
        return
    from tqdm import tqdm

    with tqdm(unit="step", desc="refining", leave=False, disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress
