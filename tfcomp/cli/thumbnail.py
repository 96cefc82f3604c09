"""Make a small PNG of a .tfcomp file, as file managers ask for.

The picture keeps its shape and is never enlarged. docs/desktop.md has the two files that make
file managers call this.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING

from tfcomp.errors import ConfigError, OutputError

if TYPE_CHECKING:
    from tfcomp.images.picture import Picture

_ENOUGH = 2  # times the pixels a side, to be reduced without steps: Pillow's reducing_gap


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommand's own arguments."""
    parser.add_argument("input", metavar="IN.tfcomp")
    parser.add_argument("output", metavar="OUT.png", help="replaced if it is there")
    parser.add_argument(
        "-s", "--size", type=int, default=256, metavar="N", help="the longer side, 256 pixels"
    )


def run(options: argparse.Namespace) -> int:
    """Runs the subcommand; returns its exit code."""
    from PIL import Image

    from tfcomp.images.picture import in_srgb

    if options.size < 1:
        raise ConfigError(f"--size must be 1 or more, not {options.size}")
    picture = in_srgb(_decoded(Path(options.input), options.size), notes=[])
    image = Image.fromarray(picture.pixels)
    image.thumbnail((options.size, options.size), Image.Resampling.LANCZOS)
    small = io.BytesIO()
    image.save(small, "PNG")
    try:
        # In place: file managers hold the file open that they name, and read it there.
        Path(options.output).write_bytes(small.getvalue())
    except OSError as error:
        raise OutputError(f"{options.output} can't be written: {error.strerror}") from None
    return 0


def _decoded(path: Path, longest: int) -> Picture:
    """The picture of a file, or a smaller one of it that still has twice the pixels a side.

    Small ones come straight from latents, where the model has a network for that.
    """
    from tfcomp.api import read_installed, shared_codec
    from tfcomp.pillow.drafting import draft_of
    from tfcomp.runtime.compressed_input import read_compressed
    from tfcomp.runtime.manifest import THUMBNAIL_SCALE

    data = read_compressed(path)
    _, installed = read_installed(data, None)
    codec = shared_codec(installed)
    file = codec.read_file(data)
    width, height = file.frames[0].width, file.frames[0].height
    share = min(1, _ENOUGH * longest / max(width, height))
    scale = draft_of((width, height), (round(width * share), round(height * share))).scale
    small_network = codec.thumbnail is not None and scale >= THUMBNAIL_SCALE
    return codec.decode_picture(file, 0, scale=scale if small_network else 1)
