"""What `compress` and `decompress` do with pictures that move."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfcomp.cli.plan import COMPRESSED, Job, Plan
from tfcomp.errors import ConfigError, ImageError, OutputError
from tfcomp.folder_contents import files_in

if TYPE_CHECKING:
    from tfcomp.api import Codec
    from tfcomp.runtime.sequence import Frames

_MOST_FRAMES_A_SECOND = 1000


def add_compress_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `compress`."""
    parser.add_argument(
        "--frames",
        choices=("all", "first"),
        default="all",
        help="of animations: all frames (default), or the first one as a picture",
    )
    parser.add_argument(
        "--sequence",
        action="store_true",
        help="the pictures of a folder are the frames of one sequence, in the order of their names",
    )
    parser.add_argument(
        "--group",
        type=int,
        metavar="N",
        help="of sequences: frames that are decoded one after another at most (16 where the model "
        "knows dependent frames); 1 for every frame by itself",
    )
    parser.add_argument(
        "--fps", type=float, metavar="X", help="frames a second, for --sequence (10)"
    )


def check_compress_options(options: argparse.Namespace) -> None:
    """Raises ConfigError where options do not go together."""
    if options.fps is not None:
        if not options.sequence:
            raise ConfigError("--fps is for --sequence; animations say how long frames are shown")
        if not 0 < options.fps <= _MOST_FRAMES_A_SECOND:
            raise ConfigError(f"--fps is above 0 and at most {_MOST_FRAMES_A_SECOND}")
    if options.sequence and _still_options(options):
        raise ConfigError(f"{_still_options(options)[0]} is for single pictures, not sequences")


def _still_options(options: argparse.Namespace) -> list[str]:
    """Options that were given and that only single pictures have."""
    given = {
        "--bpp": options.bpp,
        "--max-bytes": options.max_bytes,
        "--psnr": options.psnr,
        "--ms-ssim": options.ms_ssim,
        "--tiles": options.tiles,
        "--feedback": options.feedback,
        "--refine": options.refine,
    }
    return [name for name, value in given.items() if value]


def plan_of_folders(folders: list[str], output: str | None) -> Plan:
    """One job for each folder, whose result goes beside it or where -o says.

    Raises:
      ConfigError: it is no folder, or -o is one name for several.
    """
    for folder in folders:
        if not os.path.isdir(folder):
            raise ConfigError(f"--sequence takes folders, and {folder} is none")
    if output is not None and len(folders) > 1:
        raise ConfigError("-o names one file; give one folder with --sequence")
    targets = [output or os.path.normpath(folder) + COMPRESSED for folder in folders]
    jobs = [Job(*names, typed=output is not None) for names in zip(folders, targets)]
    return Plan(jobs, several=len(jobs) > 1)


def frame_files(folder: str) -> list[str]:
    """Paths of a folder's pictures in the order of their names, numbers as numbers.

    Raises:
      ImageError: there is none.
    """
    names = files_in(folder)
    if not names:
        raise ImageError(f"{folder} holds no pictures")
    return [os.path.join(folder, name) for name in sorted(names, key=_as_numbers)]


def bytes_of(source: str) -> int:
    """How large a file, or all pictures of a folder, are; 0 of a pipe."""
    if os.path.isdir(source):
        return sum(os.path.getsize(name) for name in frame_files(source))
    return os.path.getsize(source) if os.path.isfile(source) else 0


def _as_numbers(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def compress_moving(
    source: Any, codec: Codec, options: argparse.Namespace, background: Any
) -> bytes | None:
    """The sequence of an animation, or of a folder's pictures; None where it is no animation.

    Args:
      source: a path, or the bytes of a file.
      codec: of the model.
      options: of the command line.
      background: see `Codec.compress`.

    Raises:
      CodecError: as `Codec.compress_frames` does.
    """
    from tfcomp.images.animation import opened

    shared: dict[str, Any] = {
        "quality": options.quality,
        "effort": options.effort,
        "group": options.group,
        "background": background,
        "metadata": not options.strip,
    }
    if options.sequence:
        files = frame_files(source)
        seconds = 1.0 / (options.fps or 10)
        ends = [round(1000 * seconds * number) for number in range(len(files) + 1)]
        durations = [max(1, after - before) for before, after in zip(ends, ends[1:])]
        return codec.compress_frames(files, durations, **shared)
    if options.frames == "first":
        return None
    with opened(source) as animation:
        if animation is None:
            return None
        if _still_options(options):
            raise ConfigError(
                f"it is an animation, and {_still_options(options)[0]} is for single pictures; "
                "leave it out, or say --frames first"
            )
        return codec.compress_frames(animation, **shared)


def encode_frames(frames: Frames, file_format: str) -> tuple[bytes, tuple[str, ...]] | None:
    """The bytes of an animation file, and what it does not hold; None for formats of stills.

    Args:
      frames: of a sequence.
      file_format: Pillow's name.

    Raises:
      OutputError: the format does not take them.
    """
    from PIL import Image

    from tfcomp.images.animation import FORMATS, save_animation
    from tfcomp.images.saving import held_metadata, in_colours_of, save_options

    if file_format not in FORMATS:
        return None
    notes = ["reduced to 256 colours a frame"] if file_format == "GIF" else []
    pictures = list(frames)
    metadata = held_metadata(pictures[0], file_format, notes)
    said: list[str] = []  # of every frame the same
    pixels = [in_colours_of(picture, file_format, said).pixels for picture in pictures]
    notes += dict.fromkeys(said)
    options = save_options(metadata, file_format)
    images = list(map(Image.fromarray, pixels))
    content = save_animation(images, frames.durations, frames.loops, file_format, **options)
    return content, tuple(notes)


def write_frames(frames: Frames, folder: str, force: bool) -> int:
    """Writes each frame as a numbered PNG file into a folder; gives the bytes written.

    Raises:
      OutputError: the folder holds something, or can't be written.
    """
    from tfcomp.images.saving import encode_picture
    from tfcomp.runtime.atomic_file import write_atomically

    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        if any(target.iterdir()) and not force:
            raise OutputError(f"{folder} is not empty; name a new folder, or say --force")
    except OSError as error:
        raise OutputError(f"{folder} can't be written: {error.strerror or error}") from None
    digits, written = max(4, len(str(len(frames)))), 0
    for number in range(len(frames)):
        name = target / f"{number + 1:0{digits}d}.png"
        content, _ = encode_picture(frames[number], "PNG", str(name))
        write_atomically(name, content)
        written += len(content)
    return written
