"""Decompress .tfcomp files, or folders of them, to images.

Each image is written beside its .tfcomp file, and the files of a folder into a folder of their own,
unless -o names a file or a folder. IN.tfcomp OUT.png takes a second name for the output if there is
no such file yet. OUT's ending chooses the format (png, jpg, webp ...; tif, npy or png of a model of
other channels or depths); it is PNG if OUT is left out or '-'. JPEG and AVIF are written at high
quality; a format that would change the picture is refused. Transparency, grey, colour profile, EXIF
and XMP are written where the format has a place for them; transparent pictures are laid on white
where it has none. Without --force only a file that -o names is overwritten. The fingerprint in the
file finds the model among the installed ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfcomp.cli import sequences
from tfcomp.cli.files import add_names, add_writing, read_stream_or, require_regular, run_jobs
from tfcomp.cli.output import complain, print_result
from tfcomp.cli.parts import add_parts, parts_of
from tfcomp.cli.plan import COMPRESSED, STANDARD_STREAM, Direction, Job, plan
from tfcomp.cli.progress import sign_of_life
from tfcomp.errors import ConfigError

if TYPE_CHECKING:
    from tfcomp.api import Codec
    from tfcomp.runtime.sequence import Frames


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommand's own arguments."""
    add_names(parser, ".tfcomp file, folder or -")
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
    add_parts(parser)
    parser.add_argument(
        "--look",
        metavar="NAME",
        help="which decoder shows the file: faithful, or another that its model has (tfcomp info)",
    )
    parser.add_argument(
        "--frames", metavar="FOLDER", help="write a sequence's frames there, as numbered PNG files"
    )
    add_writing(parser)


def run(options: argparse.Namespace) -> int:
    """Runs the subcommand; returns its exit code."""
    from tfcomp.api import load
    from tfcomp.images.saving import output_format

    suffix = "." + (options.format or "png").lower().lstrip(".")
    output_format(suffix)
    if options.max_pixels is not None and options.max_pixels < 1:
        raise ConfigError(f"--max-pixels must be 1 or more, not {options.max_pixels}")
    parts_of(options)
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
    from tfcomp.api import read
    from tfcomp.images.saving import encode_picture, output_format
    from tfcomp.runtime.compressed_input import MAX_FILE_BYTES, read_compressed

    if options.format or job.target == STANDARD_STREAM:
        suffix = "." + (options.format or "png").lower().lstrip(".")
    else:
        suffix = Path(job.target).suffix.lower()
    file_format = output_format(suffix)
    require_regular(job)
    data = read_stream_or(job.source, read_compressed, MAX_FILE_BYTES)
    with sign_of_life(f"decompressing {job.source_name}", shown=alone):
        frames = None if _is_part(options) else _frames(codec, data, options)
        if frames is not None and options.frames is not None:
            return _written_frames(job, frames, data, options)
        moving = frames and sequences.encode_frames(frames, file_format)
        if frames and moving:
            (image_file, notes), (width, height) = moving, frames.size
        else:
            decode = codec.read_picture if codec else read
            picture = decode(
                data, max_pixels=options.max_pixels, look=options.look, **parts_of(options)
            )
            image_file, notes = encode_picture(picture, file_format, job.target)
            height, width = picture.pixels.shape[:2]
            if frames:
                notes = (*notes, f"only the first of {len(frames)} frames kept")
    write(image_file)
    if notes:
        complain(f"{job.source_name}: {'; '.join(notes)}")
    is_part = _is_part(options)
    record = {
        "input": job.source,
        "output": job.target,
        "width": width,
        "height": height,
        "input_bytes": len(data),
        "bytes": len(image_file),
        "bits_per_pixel": None if is_part else 8 * len(data) / (width * height),
        "notes": list(notes),
    }
    line = (
        f"{job.source_name} -> {job.target_name}: {width}x{height}, "
        f"{len(data)} -> {len(image_file)} bytes"
    )
    if not is_part:
        line += f", {record['bits_per_pixel']:.3f} bits/pixel"
    print_result(line, record, options.json, to_stderr=job.target == STANDARD_STREAM)
    return record


def _is_part(options: argparse.Namespace) -> bool:
    return options.region is not None or options.scale > 1


def _frames(codec: Codec | None, data: bytes, options: argparse.Namespace) -> Frames | None:
    """The frames of a sequence; None of a still, and of a file that breaks off."""
    from tfcomp.api import read_frames

    if options.partial:
        return None
    opened = codec.read_frames if codec else read_frames
    frames = opened(data, options.max_pixels, look=options.look)
    if not frames.durations[0]:
        if options.frames is not None:
            raise ConfigError("it is a single picture; leave --frames out")
        return None
    return frames


def _written_frames(
    job: Job, frames: Frames, data: bytes, options: argparse.Namespace
) -> dict[str, Any]:
    written = sequences.write_frames(frames, options.frames, options.force)
    width, height = frames.size
    record = {
        "input": job.source,
        "output": options.frames,
        "width": width,
        "height": height,
        "frames": len(frames),
        "durations": list(frames.durations),
        "input_bytes": len(data),
        "bytes": written,
    }
    line = f"{job.source_name} -> {options.frames}: {len(frames)} frames, {width}x{height}"
    print_result(line, record, options.json)
    return record
