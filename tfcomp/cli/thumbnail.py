"""Make a small PNG of a .tfcomp file, as file managers ask for.

The picture keeps its shape and is never enlarged. docs/desktop.md has the two files that make
file managers call this.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from tfcomp.errors import ConfigError, OutputError


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

    from tfcomp.api import read
    from tfcomp.images.picture import in_srgb

    if options.size < 1:
        raise ConfigError(f"--size must be 1 or more, not {options.size}")
    picture = in_srgb(read(Path(options.input)), notes=[])
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
