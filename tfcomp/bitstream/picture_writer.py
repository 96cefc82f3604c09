"""Writes a `.tfcomp` file: version 1 where it can say everything, else version 2."""

from __future__ import annotations

from itertools import groupby

from tfcomp.bitstream.boxes import Box, pack_boxes
from tfcomp.bitstream.coded_image import pack_image
from tfcomp.bitstream.container import pack
from tfcomp.bitstream.picture_file import (
    MAX_DURATION,
    METADATA,
    METADATA_BYTES,
    Frame,
    PictureFile,
)
from tfcomp.bitstream.varint import encode_varint
from tfcomp.errors import ImageError


def write_file(picture: PictureFile, fixed_size: tuple[int, int] | None = None) -> bytes:
    """The bytes of a file, of version 1 where that can say everything.

    Args:
      picture: what to write; its `version`, `boxes` and `whole` do not count.
      fixed_size: (width, height) where the bundle fixes the size.

    Raises:
      ImageError: metadata or a number of frames that no file may have.
      ValueError: fields out of range.
    """
    if picture.fits_version_1:
        return pack(picture.frames[0].images[0], fixed_size)
    return pack_boxes(list(_boxes(picture, fixed_size)))


def _boxes(picture: PictureFile, fixed_size: tuple[int, int] | None) -> list[Box]:
    boxes = _metadata(picture, "c")
    if picture.loops is not None:
        boxes.append(Box("S", _sequence(picture)))
    for frame in picture.frames:
        boxes += _frame_boxes(frame, fixed_size)
    return boxes + _metadata(picture, "ex")


def _metadata(picture: PictureFile, types: str) -> list[Box]:
    boxes = []
    for letter in types:
        content = getattr(picture, METADATA[letter])
        if not content:
            continue
        if len(content) > METADATA_BYTES:
            raise ImageError(
                f"{METADATA[letter]} of {len(content)} bytes is more than a file may have "
                f"({METADATA_BYTES}); leave it out"
            )
        boxes.append(Box(letter, content))
    return boxes


def _sequence(picture: PictureFile) -> bytes:
    parts = [encode_varint(picture.loops or 0)]
    for duration, frames in groupby(frame.duration for frame in picture.frames):
        if not 1 <= duration <= MAX_DURATION:
            raise ImageError(f"a frame is shown for 1 to {MAX_DURATION} ms, not {duration}")
        parts += [encode_varint(len(list(frames))), encode_varint(duration)]
    return b"".join(parts)


def _frame_boxes(frame: Frame, fixed_size: tuple[int, int] | None) -> list[Box]:
    boxes = []
    if frame.tile_side:
        sides = (frame.width, frame.height, frame.tile_side)
        boxes.append(Box("T", b"".join(map(encode_varint, sides))))
    letter = "D" if frame.dependent else "G" if frame.grey else "I"
    for image in frame.images:
        boxes.append(Box(letter, pack_image(image, fixed_size, frame.dependent)))
    if frame.alpha is not None:
        boxes.append(Box("A", bytes([frame.alpha.premultiplied]) + frame.alpha.png))
    return boxes
