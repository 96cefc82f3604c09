"""How large the tiles of a file are."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tfcomp.errors import ConfigError
from tfcomp.runtime.manifest import Manifest
from tfcomp.runtime.options import whole_number

LEAST_TILE = 64  # pixels; sides are multiples of this (spec/version2.md)


def checked_tile_side(side: int | None, manifest: Manifest, height: int, width: int) -> int:
    """The side of tiles for a picture, in pixels; 0 where it needs none.

    Args:
      side: what was asked for; None for no tiles.
      manifest: of the model.
      height: of the picture, in pixels.
      width: likewise.

    Raises:
      ConfigError: the model has no such tiles.
    """
    if side is None:
        return 0
    side = whole_number("tiles", side)
    if manifest.fixed_size is not None:
        raise ConfigError(f"model '{manifest.name}' has pictures of one size; leave tiles out")
    unit = math.lcm(LEAST_TILE, 2 * manifest.stride)
    if side < unit or side % unit:
        raise ConfigError(f"tiles have a multiple of {unit} pixels as their side, not {side}")
    return side if max(height, width) > side else 0


def tile_sizes(width: int, height: int, side: int) -> Iterator[tuple[int, int]]:
    """Width and height of each tile, row after row; of the whole picture where side is 0."""
    side = side or max(width, height)
    for top in range(0, height, side):
        for left in range(0, width, side):
            yield min(side, width - left), min(side, height - top)
