"""Compress images, or folders of them, to .tfcomp files.

Each .tfcomp file is written beside its image, and the files of a folder into a folder of their own,
unless -o names a file or a folder. IN OUT.tfcomp takes a second name for the output if there is no
such file yet. Without --force only a .tfcomp file that -o names is overwritten. '-' is standard
input or output. Hidden files in a folder are left out. Transparency, grey, colour profile, EXIF
and XMP are kept; what a .tfcomp file cannot hold (comments ...) is dropped and reported.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tfcomp.cli import sequences
from tfcomp.cli.files import add_names, add_writing, read_standard_input, require_regular, run_jobs
from tfcomp.cli.output import complain, print_result
from tfcomp.cli.parts import add_tiles
from tfcomp.cli.plan import COMPRESSED, STANDARD_STREAM, Direction, Job, plan
from tfcomp.cli.progress import sign_of_life
from tfcomp.errors import ConfigError
from tfcomp.folder_contents import PICTURE_SUFFIXES, SAMPLE_SUFFIXES

if TYPE_CHECKING:
    from tfcomp.api import Codec
    from tfcomp.bitstream.picture_file import Frame
    from tfcomp.latent_search.iterative_encoding import Improvement
    from tfcomp.latent_search.target import Target
    from tfcomp.runtime.image_input import InputPicture

_DIRECTION = Direction(PICTURE_SUFFIXES, COMPRESSED)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommand's own arguments."""
    add_names(parser, "image, folder or -")
    parser.add_argument("-m", "--model", help="name or path of a bundle (see tfcomp models)")
    rate = parser.add_mutually_exclusive_group()
    rate.add_argument(
        "-q",
        "--quality",
        type=_number,
        metavar="N",
        help="from 1, which makes the smallest files; 4.5 where the model knows such",
    )
    rate.add_argument(
        "--bpp", type=float, metavar="X", help="best quality within X bits/pixel, all included"
    )
    rate.add_argument("--max-bytes", type=int, metavar="N", help="best quality within N bytes")
    rate.add_argument(
        "--psnr", type=float, metavar="DB", help="smallest file that decodes to this PSNR or more"
    )
    rate.add_argument(
        "--ms-ssim", type=float, metavar="X", help="the same for MS-SSIM, such as 0.98"
    )
    parser.add_argument(
        "--effort",
        type=int,
        metavar="N",
        help="0 (default) to 9: how long to search for a better picture for its bits (at one "
        "quality the file may grow); 7 to 9 take minutes and need TensorFlow",
    )
    parser.add_argument(
        "--feedback", type=int, default=0, metavar="N", help="--effort 1 to 4 in rounds of search"
    )
    parser.add_argument(
        "--refine", type=int, default=0, metavar="N", help="--effort in steps of gradient descent"
    )
    parser.add_argument(
        "--background",
        metavar="COLOUR",
        help="lay transparent pictures on it: a name or #rrggbb (transparency is kept)",
    )
    parser.add_argument(
        "--strip",
        action="store_true",
        help="drop EXIF and XMP, and convert colours to sRGB instead of keeping their profile",
    )
    add_tiles(parser)
    sequences.add_compress_arguments(parser)
    add_writing(parser)


def run(options: argparse.Namespace) -> int:
    """Runs the subcommand; returns its exit code."""
    from PIL import Image

    from tfcomp.api import load
    from tfcomp.latent_search.search import checked_plan
    from tfcomp.latent_search.target import check_target
    from tfcomp.runtime import registry
    from tfcomp.runtime.tile_side import checked_tile_side

    background = None if options.background is None else _colour(options.background)
    sequences.check_compress_options(options)
    direction = _DIRECTION
    if options.model and not registry.find_by_name(options.model).manifest.image.is_rgb8:
        direction = Direction(SAMPLE_SUFFIXES, COMPRESSED)
    if options.sequence:
        todo = sequences.plan_of_folders(options.inputs, options.output)
    else:
        todo = plan(options.inputs, options.output, direction, options.force)
    codec = load(options.model or registry.default_model())
    Image.init()  # Pillow's formats take long to load, and are no part of the first picture's time
    codec.checked_quality(options.quality)
    check_target(options.psnr, options.ms_ssim)
    checked_plan(codec, options.effort, options.feedback, options.refine)
    checked_tile_side(options.tiles, codec.bundle.manifest, 1, 1)

    def work(job: Job, write: Callable[[bytes], None]) -> dict[str, Any]:
        return _compress_file(job, write, codec, options, background, alone=not todo.several)

    return run_jobs(
        todo,
        direction,
        work,
        force=options.force,
        skip_existing=options.skip_existing,
        as_json=options.json,
    )


def _number(text: str) -> float:
    """A whole number as an int, any other as a float."""
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"invalid integer or fraction: {text!r}") from None
    return int(number) if number.is_integer() else number


def _colour(name: str) -> tuple[int, int, int]:
    from PIL import ImageColor

    try:
        red, green, blue, *alpha = ImageColor.getrgb(name)
    except ValueError:
        raise ConfigError(f"'{name}' is no colour; give a name such as white, or #rrggbb") from None
    if alpha not in ([], [255]):
        raise ConfigError(f"the background '{name}' is transparent itself; give #rrggbb")
    return red, green, blue


def _compress_file(
    job: Job,
    write: Callable[[bytes], None],
    codec: Codec,
    options: argparse.Namespace,
    background: tuple[int, int, int] | None,
    alone: bool,
) -> dict[str, Any]:
    from tfcomp.bitstream.container import MAX_PIXELS
    from tfcomp.runtime.image_input import MAX_FILE_BYTES
    from tfcomp.runtime.model_input import read_for

    manifest = codec.bundle.manifest
    if not options.sequence:
        require_regular(job)
    source: Any = job.source
    if job.source == STANDARD_STREAM:
        source = read_standard_input(MAX_FILE_BYTES)
    moving = None
    if manifest.image.is_screen or options.sequence:  # as animations are
        with sign_of_life(f"compressing {job.source_name}", shown=alone):
            moving = sequences.compress_moving(source, codec, options, background)
    if moving is not None:
        write(moving)
        return _sequence_record(job, moving, codec, options)
    image = read_for(manifest, source, background, metadata=not options.strip)
    input_bytes = len(source) if isinstance(source, bytes) else os.path.getsize(source)
    improvements: list[Improvement] = []
    with sign_of_life(f"compressing {job.source_name}", shown=alone) as progress:
        data = codec.compress(
            image,
            options.quality,
            target_bpp=options.bpp,
            max_bytes=options.max_bytes,
            psnr=options.psnr,
            ms_ssim=options.ms_ssim,
            effort=options.effort,
            feedback=options.feedback,
            refine=options.refine,
            tiles=options.tiles,
            progress=progress,
            on_improvement=improvements.append,
        )
    write(data)
    if image.notes:
        complain(f"{job.source_name}: {'; '.join(image.notes)}")
    height, width, _ = image.pixels.shape
    frame = codec.read_file(data, MAX_PIXELS).frames[0]
    quality = frame.images[0].level
    record = {
        "input": job.source,
        "output": job.target,
        "width": width,
        "height": height,
        "input_bytes": input_bytes,
        "bytes": len(data),
        "bits_per_pixel": 8 * len(data) / (width * height),
        "quality": quality,
        "model": manifest.name,
        "kept": list(image.kept),
        "notes": list(image.notes),
    }
    line = (
        f"{job.source_name} -> {job.target_name}: {width}x{height}, "
        f"{input_bytes} -> {len(data)} bytes ({input_bytes / len(data):.1f}:1), "
        f"{record['bits_per_pixel']:.3f} bits/pixel, "
        f"quality {quality:g} of {manifest.qualities}, model {manifest.name}"
    )
    reached = _reached(frame, image, codec, options)
    if reached is not None:
        target, figure = reached
        record["reached"] = figure
        line += f"; {target.written(figure)}"
    if image.kept:
        line += f", with {', '.join(image.kept)}"
    for gained in improvements:
        more = gained.bytes_after - gained.bytes_before
        record["bytes_gained"], record["decibels_gained"] = -more, gained.decibels
        line += f"; rounds and steps: {more:+d} bytes, {gained.decibels:+.2f} dB"
    if 0 < input_bytes < len(data):  # a pipe has no size
        larger = "larger than the input; keep the input" + " or lower --quality" * (quality > 1)
        if options.json:
            complain(f"{job.target_name} is {larger}")
        else:
            line += f"; {larger}"
    print_result(line, record, options.json, to_stderr=job.target == STANDARD_STREAM)
    return record


def _reached(
    frame: Frame, image: InputPicture, codec: Codec, options: argparse.Namespace
) -> tuple[Target, float] | None:
    """What the decoded picture has of what was asked for; None where no figure was."""
    from tfcomp.latent_search.target import target_of

    target = target_of(image, options.psnr, options.ms_ssim, codec.bundle.manifest.image)
    if target is None:
        return None
    colours = codec.decode_frame(dataclasses.replace(frame, grey=False))
    return target, target.figure_of(colours)


def _sequence_record(
    job: Job, data: bytes, codec: Codec, options: argparse.Namespace
) -> dict[str, Any]:
    """Prints what became of a sequence."""
    from tfcomp.bitstream.container import MAX_PIXELS

    frames = codec.read_frames(data, MAX_PIXELS)
    (width, height), seconds = frames.size, sum(frames.durations) / 1000
    record = {
        "input": job.source,
        "output": job.target,
        "width": width,
        "height": height,
        "frames": len(frames),
        "seconds": seconds,
        "input_bytes": sequences.bytes_of(job.source),
        "bytes": len(data),
        "bits_per_pixel": 8 * len(data) / (width * height * len(frames)),
        "model": codec.bundle.manifest.name,
    }
    line = (
        f"{job.source_name} -> {job.target_name}: {width}x{height}, {len(frames)} frames, "
        f"{seconds:g} s, {record['input_bytes']} -> {len(data)} bytes, "
        f"{record['bits_per_pixel']:.3f} bits/pixel, model {record['model']}"
    )
    print_result(line, record, options.json, to_stderr=job.target == STANDARD_STREAM)
    return record
