"""A part of a picture: which of its latents the decoder network must see to make it exactly.

    pixels   |........[ region ]........|
    latents  |....[reach[ made ]reach]..|      whole latents that make the region, and those around

What lies farther away than the decoder's reach has no influence on the region's pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tfcomp.errors import ConfigError
from tfcomp.runtime.options import whole_number


class Region(NamedTuple):
    """A rectangle of a picture, in pixels from its upper left corner."""

    x: int
    y: int
    width: int
    height: int


class Side(NamedTuple):
    """A region along one side of a picture.

    Attributes:
      seen: latents that the decoder network sees.
      pixels: how many pixels these make; the picture's last latent may make less than a stride.
      wanted: which of these pixels the region has.
    """

    seen: slice
    pixels: int
    wanted: slice


def checked_region(region: Sequence[int] | None, width: int, height: int) -> Region:
    """A region of a picture of that size; all of it if None.

    Raises:
      ConfigError: it isn't four whole numbers, or does not lie within the picture.
    """
    if region is None:
        return Region(0, 0, width, height)
    try:
        found = Region(*(whole_number("region", number) for number in region))
    except TypeError:
        raise ConfigError(
            f"region is (x, y, width, height) in pixels, not {region!r}"
        ) from None
    x, y, w, h = found
    if x < 0 or y < 0 or w < 1 or h < 1 or x + w > width or y + h > height:
        raise ConfigError(
            f"the region {x},{y},{w},{h} does not lie within the picture, which has "
            f"{width}x{height} pixels"
        )
    return found


def sides(
    region: Region, size: tuple[int, int], stride: int, reach: int | None
) -> tuple[Side, Side]:
    """The region along height and width of a picture of size (H, W) in pixels.

    Without a known reach the network sees everything.
    """
    return (
        _side(region.y, region.height, size[0], stride, reach),
        _side(region.x, region.width, size[1], stride, reach),
    )


def _side(start: int, length: int, picture: int, stride: int, reach: int | None) -> Side:
    latents = -(-picture // stride)
    first, last = 0, latents
    if reach is not None:
        first = max(0, start // stride - reach)
        last = min(latents, -(-(start + length) // stride) + reach)
    offset = first * stride
    pixels = min(last * stride, picture) - offset
    return Side(slice(first, last), pixels, slice(start - offset, start + length - offset))
