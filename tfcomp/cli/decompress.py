"""Decompress .tfcomp files, or folders of them, to images.

Every image goes beside its .tfcomp file, a folder's to a folder of their own, unless -o names a
file or a folder. IN.tfcomp OUT.png takes a second name for the output if there is no such file yet.
OUT's ending chooses the format (png, jpg, webp ...), PNG if OUT is left out or '-'. No existing
file is overwritten but one that -o names; --force overwrites any. The model is found by the
fingerprint in the file, among the installed ones.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfcomp.cli.files import read_stream_or, require_regular, run_jobs
from tfcomp.cli.output import print_result
from tfcomp.cli.plan import COMPRESSED, STANDARD_STREAM, Direction, Job, plan
from tfcomp.cli.progress import sign_of_life
from tfcomp.errors import ConfigError, OutputError

if TYPE_CHECKING:
    import numpy as np

    from tfcomp.runtime.codec import Codec

# A second lossy step should not show; everything else at Pillow's own settings.
_SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"lossless": True},
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", metavar="IN", nargs="+", help=".tfcomp file, folder or -")
    parser.add_argument(
        "-o", "--output", metavar="OUT", help="file or -; folder for what several inputs give"
    )
    parser.add_argument("-m", "--model", help="only take files of this model (name or path)")
    parser.add_argument(
        "--format", metavar="EXT", help="png, jpg, webp ...; instead of OUT's ending"
    )
    parser.add_argument(
        "--max-pixels",
        type=int,
        metavar="N",
        help="the largest image to decode, instead of the model's limit",
    )
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument("-f", "--force", action="store_true", help="overwrite existing files")
    existing.add_argument(
        "--skip-existing", action="store_true", help="what is there already counts as done"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a file")


def run(options: argparse.Namespace) -> int:
    from tfcomp.runtime.codec import load

    suffix = "." + (options.format or "png").lower().lstrip(".")
    _pillow_format(suffix)
    if options.max_pixels is not None and options.max_pixels < 1:
        raise ConfigError(f"--max-pixels must be 1 or more, not {options.max_pixels}")
    direction = Direction([COMPRESSED], suffix)
    todo = plan(options.inputs, options.output, direction, options.force)
    codec = load(options.model) if options.model else None

    def work(job: Job, write: Callable[[bytes], None]) -> dict[str, Any]:
        return _decompress_file(job, write, codec, options, alone=not todo.several)

    return run_jobs(
        todo,
        direction,
        work,
        force=options.force,
        skip_existing=options.skip_existing,
        as_json=options.json,
    )


def _decompress_file(
    job: Job,
    write: Callable[[bytes], None],
    codec: Codec | None,
    options: argparse.Namespace,
    alone: bool,
) -> dict[str, Any]:
    from tfcomp.runtime.codec import decompress
    from tfcomp.runtime.compressed_input import MAX_FILE_BYTES, read_compressed

    if options.format or job.target == STANDARD_STREAM:
        suffix = "." + (options.format or "png").lower().lstrip(".")
    else:
        suffix = Path(job.target).suffix.lower()
    pillow_format = _pillow_format(suffix)
    require_regular(job)
    data = read_stream_or(job.source, read_compressed, MAX_FILE_BYTES)
    with sign_of_life(f"decompressing {job.source_name}", shown=alone):
        decode = codec.decompress if codec else decompress
        pixels = decode(data, max_pixels=options.max_pixels)
        image_file = _encode(pixels, pillow_format, job.target)
    write(image_file)
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


def _pillow_format(suffix: str) -> str:
    """Pillow's name of the format with this ending. Raises ConfigError if it can't be written."""
    from PIL import Image

    Image.init()
    name = Image.registered_extensions().get(suffix)
    if suffix == ".tfcomp" or name not in Image.SAVE:
        raise ConfigError(
            f"images can't be written as '{suffix}'; use .png, .jpg, .webp or say --format png"
        )
    return name


def _encode(pixels: np.ndarray, pillow_format: str, target: str) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    try:
        Image.fromarray(pixels).save(stream, pillow_format, **_SAVE_OPTIONS.get(pillow_format, {}))
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise OutputError(
            f"{target} can't be made, {pillow_format} does not take this image ({reason}); use .png"
        ) from None
    return stream.getvalue()
