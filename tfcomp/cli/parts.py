"""Options for parts: tiles of a file, and what of a file is decoded."""

from __future__ import annotations

import argparse
from typing import Any

from tfcomp.errors import ConfigError


def add_tiles(parser: argparse.ArgumentParser) -> None:
    """Adds compress's option."""
    parser.add_argument(
        "--tiles",
        type=int,
        metavar="N",
        help="cut larger pictures into tiles of N pixels a side, such as 1024, so that parts of "
        "them decode in little time; costs about 1%% more bytes",
    )


def add_parts(parser: argparse.ArgumentParser) -> None:
    """Adds decompress's options."""
    part = parser.add_mutually_exclusive_group()
    part.add_argument(
        "--region", metavar="X,Y,W,H", help="only this part of the picture, in pixels"
    )
    part.add_argument(
        "--scale",
        type=int,
        choices=(1, 2, 4, 8),
        default=1,
        metavar="N",
        help="a picture of a half (2), a quarter (4) or an eighth (8) of the side",
    )
    parser.add_argument(
        "--partial", action="store_true", help="take files that break off, as far as they go"
    )


def parts_of(options: argparse.Namespace) -> dict[str, Any]:
    """The options as `Codec.decompress` takes them.

    Raises:
      ConfigError: the region is not four whole numbers.
    """
    region = None
    if options.region is not None:
        try:
            region = tuple(int(number) for number in options.region.split(","))
        except ValueError:
            region = ()
        if len(region) != 4:
            raise ConfigError(f"--region takes X,Y,W,H in pixels, not '{options.region}'")
    return {"region": region, "scale": options.scale, "partial": options.partial}
