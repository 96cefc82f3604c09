"""`Image.draft`, and with it `Image.thumbnail`: smaller pictures that take less time to decode."""

from __future__ import annotations

from typing import NamedTuple

from tfcomp.runtime.thumbnail import SCALES


class Draft(NamedTuple):
    """A smaller picture that is decoded in place of the whole.

    Attributes:
      scale: of `Codec.decompress`.
      size: (width, height) that it has.
      box: the picture's own corners within it: left, upper, right, lower.
    """

    scale: int
    size: tuple[int, int]
    box: tuple[int, int, float, float]


def draft_of(size: tuple[int, int], least: tuple[int, int] | None) -> Draft:
    """The smallest picture that has at least a size, as Pillow's JPEG plugin chooses it.

    Args:
      size: of the whole, (width, height).
      least: likewise; the whole if None.
    """
    scale = 1
    if least:
        ratio = min(side // max(1, wanted) for side, wanted in zip(size, least))
        scale = max(each for each in SCALES if each <= max(1, ratio))
    width, height = size
    smaller = -(-width // scale), -(-height // scale)
    return Draft(scale, smaller, (0, 0, width / scale, height / scale))
