"""Decompress a .tfcomp file, or a folder of them, to images.

OUT's ending chooses the format (png, jpg, webp ...), PNG if OUT is left out or '-'. JPEG and AVIF
are written at high quality; a format that would change the picture is refused. Names made from
IN's never overwrite a file unless --force is given. The model is found by the fingerprint in the
file, among the installed ones.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfcomp.cli.files import STANDARD_STREAM, Job, plan, read_stream_or, run_jobs, write_output
from tfcomp.cli.output import print_result

if TYPE_CHECKING:
    from tfcomp.runtime.codec import Codec


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="IN", help=".tfcomp file, folder or -")
    parser.add_argument("target", metavar="OUT", nargs="?", help="image, folder or -")
    parser.add_argument("-m", "--model", help="only take files of this model (name or path)")
    parser.add_argument(
        "--format", metavar="EXT", help="png, jpg, webp ...; instead of OUT's ending"
    )
    parser.add_argument("-f", "--force", action="store_true", help="overwrite existing files")
    parser.add_argument("--json", action="store_true", help="print one JSON object a file")


def run(options: argparse.Namespace) -> int:
    from tfcomp.images.saving import output_format
    from tfcomp.runtime.codec import load

    suffix = "." + (options.format or "png").lower().lstrip(".")
    output_format(suffix)
    todo = plan(options.source, options.target, suffix, [".tfcomp"])
    codec = load(options.model) if options.model else None
    return run_jobs(
        todo, options.force, options.json, lambda job: _decompress_file(job, codec, options)
    )


def _decompress_file(job: Job, codec: Codec | None, options: argparse.Namespace) -> dict[str, Any]:
    from tfcomp.images.saving import encode_image, output_format
    from tfcomp.runtime.codec import decompress
    from tfcomp.runtime.compressed_input import MAX_FILE_BYTES, read_compressed

    if options.format or job.target == STANDARD_STREAM:
        suffix = "." + (options.format or "png").lower().lstrip(".")
    else:
        suffix = Path(job.target).suffix.lower()
    file_format = output_format(suffix)
    data = read_stream_or(job.source, read_compressed, MAX_FILE_BYTES)
    pixels = codec.decompress(data) if codec else decompress(data)
    image_file = encode_image(pixels, file_format, job.target)
    write_output(job, image_file)
    height, width, _ = pixels.shape
    record = {
        "input": job.source,
        "output": job.target,
        "width": width,
        "height": height,
        "input_bytes": len(data),
        "bytes": len(image_file),
        "bits_per_pixel": 8 * len(data) / (width * height),
    }
    line = (
        f"{job.source_name} -> {job.target_name}: {width}x{height}, "
        f"{len(data)} -> {len(image_file)} bytes, {record['bits_per_pixel']:.3f} bits/pixel"
    )
    print_result(line, record, options.json, to_stderr=job.target == STANDARD_STREAM)
    return record
