"""The latents of a frame, or of a part of it, decoded from its sections.

Without tiles the sections are decoded as a whole. Of tiles only those are that the part touches;
together they are the latents of the whole picture, to the integer.
"""

from __future__ import annotations

import numpy as np

from tfcomp.bitstream.container import Container
from tfcomp.bitstream.picture_file import Frame
from tfcomp.entropy_kinds.base import EntropyCoder
from tfcomp.errors import BitstreamError


def latent_size(height: int, width: int, stride: int) -> tuple[int, int]:
    """Rows and columns of latents of a picture."""
    return -(-height // stride), -(-width // stride)


def frame_latents(
    coder: EntropyCoder,
    frame: Frame,
    stride: int,
    channels: int,
    rows: slice,
    columns: slice,
    partial: bool = False,
    first_channels: int | None = None,
) -> np.ndarray:
    """Decodes latents of a frame.

    Args:
      coder: of the frame's model.
      frame: its checked sections.
      stride: pixels a latent.
      channels: of a latent.
      rows: which latents, with explicit ends.
      columns: likewise.
      partial: whether sections may break off and tiles be missing; the latter are zeros.
      first_channels: how many are wanted; the others may be zeros.

    Returns:
      integers [rows, columns, channels].

    Raises:
      BitstreamError: the sections are damaged.
    """
    if not frame.tile_side:
        return _decoded(coder, frame.images[0], stride, partial, first_channels)[rows, columns]
    side = frame.tile_side // stride
    across = -(-frame.width // frame.tile_side)
    found = np.zeros((rows.stop - rows.start, columns.stop - columns.start, channels), np.int16)
    for row in range(rows.start // side, -(-rows.stop // side)):
        for column in range(columns.start // side, -(-columns.stop // side)):
            number = row * across + column
            if number >= len(frame.images):
                continue
            tile = _tile(coder, frame.images[number], stride, partial, first_channels)
            if tile is None:
                continue
            if not np.can_cast(tile.dtype, found.dtype):
                found = found.astype(tile.dtype)
            inside, place = zip(
                _overlap(rows, row * side, tile.shape[0]),
                _overlap(columns, column * side, tile.shape[1]),
            )
            found[place] = tile[inside]
    return found


def shown_quality(coder: EntropyCoder, frame: Frame, stride: int) -> float:
    """At which quality the decoder network shows a frame that may break off."""
    image = frame.images[0]
    if frame.tile_side:  # the others are whole
        return image.level
    size = latent_size(image.height, image.width, stride)
    return coder.shown_quality(image.sections[-1], image.level, *size)


def _tile(
    coder: EntropyCoder, image: Container, stride: int, partial: bool, first_channels: int | None
) -> np.ndarray | None:
    """A tile's latents; None where it breaks off too early or is damaged, and may be so."""
    try:
        return _decoded(coder, image, stride, partial, first_channels)
    except BitstreamError:
        if not partial:
            raise
        return None


def _decoded(
    coder: EntropyCoder, image: Container, stride: int, partial: bool, first_channels: int | None
) -> np.ndarray:
    size = latent_size(image.height, image.width, stride)
    return coder.decode(image.sections, image.level, *size, partial, first_channels)


def _overlap(wanted: slice, start: int, length: int) -> tuple[slice, slice]:
    """Where `wanted` and `length` latents from `start` on meet: in the latter, in the former."""
    first, last = max(wanted.start, start), min(wanted.stop, start + length)
    return slice(first - start, last - start), slice(first - wanted.start, last - wanted.start)
