"""What a file of either format version says of itself, with or without its model."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from tfcomp.bitstream import boxes as box_rows
from tfcomp.bitstream.boxes import Box, read_boxes
from tfcomp.bitstream.coded_image import fingerprint_of
from tfcomp.bitstream.container import FORMAT_VERSION, MAGIC, MAX_PIXELS, check_size, describe
from tfcomp.bitstream.picture_reader import read_file, read_sequence
from tfcomp.bitstream.varint import decode_varint
from tfcomp.errors import BitstreamError
from tfcomp.quality import QUALITY_STEPS

MEANINGS = {
    "I": "picture",
    "G": "grey picture",
    "D": "dependent picture",
    "T": "tiles",
    "S": "sequence",
    "A": "alpha",
    "c": "ICC profile",
    "e": "Exif",
    "x": "XMP",
}
_CODED = "IGD"


def describe_whole(data: bytes, lookup: Callable[[bytes], Any] | None = None) -> dict[str, Any]:
    """`describe` of a file of either version.

    Args:
      data: the whole file.
      lookup: of `read_file`; what depends on the model may be None without it.

    Returns:
      what `describe` returns, of the first picture where there are several; with `frames`, how many
      there are (None where that is not known), `durations`, each frame's milliseconds, and `loops`,
      both None of a still; and `boxes`, a dict of type, meaning and bytes each.

    Raises:
      BitstreamError: no model can read the file.
    """
    if data[: len(box_rows.START)] != box_rows.START:
        still: dict[str, Any] = {"frames": 1, "durations": None, "loops": None, "boxes": []}
        return {**describe(data, lookup), **still}
    found = list(read_boxes(data))
    first = next((box for box in found if box.type in "IG"), None)
    if first is None:
        raise BitstreamError("the file has no picture; get an undamaged copy of the file")
    record, quality = _describe_picture(first)
    frames: int | None = None
    loops, durations = _played(found)
    if lookup is not None:
        file = read_file(data, lookup)
        frame, frames = file.frames[0], len(file.frames)
        images = [image for each in file.frames for image in each.images]
        record["width"], record["height"] = frame.width, frame.height
        lengths = zip(*([len(section) for section in image.sections] for image in images))
        record["section_bytes"] = [sum(each) for each in lengths]
    elif durations is not None and not any(box.type == "T" for box in found):
        frames = len(durations)
    elif sum(box.type in _CODED for box in found) == 1:
        frames = 1
    else:
        record.update(width=None, height=None, section_bytes=None)
    tiles = next((box for box in found if box.type == "T"), None)
    if tiles is not None and lookup is None:
        record["width"], record["height"] = _size_of_tiles(tiles)
        frames = 1 if durations is None else len(durations)
    pixels = (record["width"] or 0) * (record["height"] or 0) * (frames or 0)
    return {
        **record,
        "format_version": 2,
        "quality": quality,
        "file_bytes": len(data),
        "bits_per_pixel": 8 * len(data) / pixels if pixels else None,
        "frames": frames,
        "durations": durations,
        "loops": loops,
        "boxes": [
            {
                "type": box.type,
                "meaning": MEANINGS.get(box.type, "unknown"),
                "bytes": len(box.payload),
            }
            for box in found
        ],
    }


def _played(found: list[Box]) -> tuple[int | None, list[int] | None]:
    """How often a sequence is played, and each frame's milliseconds; None of a still."""
    for box in found:
        if box.type == "S":
            loops, runs = read_sequence(box.payload)
            return loops, [duration for count, duration in runs for _ in range(count)]
    return None, None


def _size_of_tiles(box: Box) -> tuple[int, int]:
    """Of the whole picture: width, height."""
    width, position = decode_varint(box.payload)
    height, _ = decode_varint(box.payload, position)
    check_size(width, height, MAX_PIXELS)
    return width, height


def _describe_picture(box: Box) -> tuple[dict[str, Any], float]:
    """What version 1 would say of a picture's box, and its quality."""
    fingerprint = fingerprint_of(box.payload)
    steps, position = decode_varint(box.payload, len(fingerprint))
    quality = 1 + steps / QUALITY_STEPS
    if quality >= 256:
        raise BitstreamError("the file asks for an absurd quality; get an undamaged copy of it")
    content = MAGIC + bytes([FORMAT_VERSION]) + fingerprint + bytes([int(quality)])
    content += bytes(box.payload[position:])
    record = describe(content + zlib.crc32(content).to_bytes(4, "little"))
    return record, int(quality) if quality == int(quality) else quality
