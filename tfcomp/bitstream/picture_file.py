"""A whole `.tfcomp` file, of either format version: a picture or a sequence, and what goes with it.

spec/format.md and spec/version2.md say what the bytes mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tfcomp.bitstream.container import Container

METADATA = {"c": "icc_profile", "e": "exif", "x": "xmp"}
METADATA_BYTES = 16 * 2**20  # the most that one of them may have
MAX_DURATION = 2**31 - 1

# Takes the 4 bytes of a fingerprint, gives what tfcomp.bitstream.container.parse asks of a bundle,
# and beyond it `stride` (pixels a latent) and `quality_steps`.
Lookup = Callable[[bytes], Any]


@dataclass(frozen=True)
class Alpha:
    """Transparency.

    Attributes:
      png: a PNG file of one 8-bit channel, of the picture's size.
      premultiplied: whether the picture's colours are multiplied by it.
    """

    png: bytes
    premultiplied: bool = False


@dataclass(frozen=True)
class Frame:
    """One picture of a file.

    Attributes:
      images: what is coded: one, or the tiles row after row.
      width: of the whole picture, in pixels.
      height: likewise.
      tile_side: of tiles, in pixels; 0 where there are none.
      grey: whether the picture has one channel.
      dependent: whether it can only be decoded after the frame before it.
      alpha: its transparency, None where it is opaque.
      duration: how long it is shown, in milliseconds; 0 of a still.
    """

    images: tuple[Container, ...]
    width: int
    height: int
    tile_side: int = 0
    grey: bool = False
    dependent: bool = False
    alpha: Alpha | None = None
    duration: int = 0


@dataclass(frozen=True)
class PictureFile:
    """What a file holds.

    Attributes:
      frames: at least one.
      loops: how often a sequence is played, 0 for ever; None of a still.
      icc_profile: the profile of the colours; None where they are sRGB.
      exif: a TIFF structure, or None.
      xmp: UTF-8 text, or None.
      version: of the format.
      boxes: type and length in bytes of each box, with those that were skipped; none in version 1.
      whole: False where the file breaks off.
    """

    frames: tuple[Frame, ...]
    loops: int | None = None
    icc_profile: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    version: int = 2
    boxes: tuple[tuple[str, int], ...] = field(default=(), compare=False)
    whole: bool = True

    @property
    def fits_version_1(self) -> bool:
        """Whether version 1 can say all of it."""
        frame = self.frames[0]
        return not (
            len(self.frames) > 1
            or self.loops is not None
            or self.icc_profile
            or self.exif
            or self.xmp
            or frame.tile_side
            or frame.grey
            or frame.alpha
            or frame.images[0].fraction
        )
