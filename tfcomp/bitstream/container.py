r"""The `.tfcomp` container, format version 1: one layout for every model.

    magic           3 bytes   89 54 43, "\x89TC"
    version         1 byte    1
    bundle          4 bytes   first bytes of the fingerprint of the model bundle that wrote it
    quality         1 byte    1 to the bundle's number of qualities
    width, height   varints   absent where the bundle fixes the size
    sections        per section, in the bundle's order: varint length, then that many bytes
    crc32           4 bytes   little-endian, over everything before it (zlib's polynomial)

Every field is checked before anything is allocated because of it. The checks run in the order of
`parse`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tfcomp.bitstream.varint import MAX_VALUE, decode_varint, encode_varint
from tfcomp.errors import BitstreamError, ImageError
from tfcomp.quality import QUALITY_STEPS

MAGIC = b"\x89TC"
FORMAT_VERSION = 1
MAX_PIXELS = 89_478_485  # as Pillow's limit against decompression bombs
# A byte for a square of 128x128. The flattest pictures take a byte for 740 (spec/format.md).
PIXELS_PER_BYTE = 16_384


_HEADER_BYTES = 9  # magic, version, bundle, quality
_CRC_BYTES = 4


@dataclass(frozen=True)
class Container:
    """One compressed image, unpacked.

    Attributes:
      fingerprint: 4 bytes that name the bundle.
      quality: the level, 1 to 255.
      width: in pixels.
      height: in pixels.
      sections: the entropy-coded parts in the bundle's order.
      fraction: how far the quality lies above that level, in 32nds of the way to the next; 0 in
        format version 1.
    """

    fingerprint: bytes
    quality: int
    width: int
    height: int
    sections: tuple[bytes, ...]
    fraction: int = 0

    @property
    def level(self) -> float:
        """The quality with its fraction; an int where it is whole."""
        return self.quality + self.fraction / QUALITY_STEPS if self.fraction else self.quality


def pixel_limit(file_bytes: int) -> int:
    """The default limit of pixels for a file of this size."""
    return min(MAX_PIXELS, PIXELS_PER_BYTE * file_bytes)


def pack(container: Container, fixed_size: tuple[int, int] | None = None) -> bytes:
    """Writes a container.

    Args:
      container: what to write.
      fixed_size: (width, height) where the bundle fixes the size; the file then leaves both out.

    Raises:
      ImageError: more than MAX_PIXELS pixels.
      ValueError: fields out of range.
    """
    width, height = int(container.width), int(container.height)
    if len(container.fingerprint) != 4:
        raise ValueError(f"a fingerprint has 4 bytes, not {len(container.fingerprint)}")
    if not 1 <= container.quality <= 255:
        raise ValueError(f"quality is 1 to 255, not {container.quality}")
    if width < 1 or height < 1:
        raise ImageError(f"an image of {width}x{height} pixels is empty; use at least 1x1")
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"{width}x{height} pixels exceed the format's {MAX_PIXELS}; split or shrink the image"
        )
    parts = [MAGIC, bytes([FORMAT_VERSION]), bytes(container.fingerprint)]
    parts.append(bytes([container.quality]))
    if fixed_size is None:
        parts += [encode_varint(width), encode_varint(height)]
    elif (width, height) != tuple(fixed_size):
        raise ValueError(f"the bundle's size is {tuple(fixed_size)}, not {(width, height)}")
    content = b"".join([*parts, packed_sections(container.sections)])
    return content + zlib.crc32(content).to_bytes(_CRC_BYTES, "little")


def packed_sections(sections: Sequence[bytes]) -> bytes:
    """A length and the bytes of each section; ValueError for one of more than 32 bits' length."""
    parts: list[bytes] = []
    for section in sections:
        if len(section) > MAX_VALUE:
            raise ValueError(f"a section of {len(section)} bytes exceeds 32 bits")
        parts += [encode_varint(len(section)), bytes(section)]
    return b"".join(parts)


def parse(data: bytes, lookup: Callable[[bytes], Any], max_pixels: int = MAX_PIXELS) -> Container:
    """Reads a container after checking it.

    In this order: magic, version, length, CRC, that the bundle is known, the size, the section
    lengths, and that the sections fill the file.

    Args:
      data: the whole file.
      lookup: takes the 4 fingerprint bytes, returns an object with `fixed_size` ((width, height) or
        None), `section_count` and `qualities` (both int), or raises UnknownBundleError.
      max_pixels: the most that the file may claim.

    Raises:
      BitstreamError: the file fails a check. What `lookup` raises goes through.
    """
    return _parse_body(_checked_body(data), lookup, max_pixels)


def parse_cut(data: bytes, lookup: Callable[[bytes], Any], max_pixels: int) -> Container:
    """`parse` of a file that breaks off in its last section or behind it.

    Nothing says whether its bytes are what was written: the checksum stands at a file's end.
    """
    view = memoryview(data).cast("B")
    _check_start(view)
    if len(view) < _HEADER_BYTES or view[8] == 0:
        raise BitstreamError("the file is too short; get a complete copy of it")
    return _parse_body(view, lookup, max_pixels, partial=True)


def _parse_body(
    body: memoryview, lookup: Callable[[bytes], Any], max_pixels: int, partial: bool = False
) -> Container:
    fingerprint, quality = bytes(body[4:8]), body[8]
    bundle = lookup(fingerprint)
    if not 1 <= quality <= bundle.qualities:
        raise BitstreamError(
            f"the file asks for quality {quality} but its model has 1 to {bundle.qualities}; "
            "get an undamaged copy of the file"
        )
    position = _HEADER_BYTES
    if bundle.fixed_size is None:
        width, position = decode_varint(body, position)
        height, position = decode_varint(body, position)
    else:
        width, height = (int(side) for side in bundle.fixed_size)
    check_size(width, height, max_pixels)
    # Of a file that breaks off behind its sections some bytes of the checksum are left.
    may_follow = _CRC_BYTES - 1 if partial else 0
    spans = section_spans(body, position, bundle.section_count, partial, may_follow)
    sections = tuple(bytes(body[start:stop]) for start, stop in spans)
    return Container(fingerprint, quality, width, height, sections)


def describe(data: bytes, lookup: Callable[[bytes], Any] | None = None) -> dict[str, Any]:
    """Says what a file holds, with or without its bundle.

    With `lookup` (see `parse`) it makes every check of `parse`. Without it, size and sections are
    None unless the file has only one possible reading.

    Returns:
      format_version, fingerprint (8 hex digits), quality, width, height (pixels), section_bytes
      (list of lengths), file_bytes and bits_per_pixel.

    Raises:
      BitstreamError: no bundle can read the file.
    """
    body = _checked_body(data)
    width: int | None = None
    height: int | None = None
    section_bytes: list[int] | None = None
    if lookup is not None:
        container = parse(data, lookup)
        width, height = container.width, container.height
        section_bytes = [len(section) for section in container.sections]
    else:
        readings = _possible_readings(body)
        if not readings:
            raise BitstreamError(
                "the file's sections do not fill it; get an undamaged copy of the file"
            )
        # The file may have a size or none. Both readings succeed for few files.
        if len(readings) == 1:
            width, height, section_bytes = readings[0]
    bits_per_pixel = None if width is None or height is None else 8 * len(data) / (width * height)
    return {
        "format_version": FORMAT_VERSION,
        "fingerprint": bytes(body[4:8]).hex(),
        "quality": body[8],
        "width": width,
        "height": height,
        "section_bytes": section_bytes,
        "file_bytes": len(data),
        "bits_per_pixel": bits_per_pixel,
    }


def _checked_body(data: bytes) -> memoryview:
    """The file without its CRC, after all checks that need no bundle."""
    view = memoryview(data).cast("B")
    _check_start(view)
    if len(view) < _HEADER_BYTES + _CRC_BYTES:
        raise BitstreamError("the file is too short; get a complete copy of it")
    body = view[:-_CRC_BYTES]
    if zlib.crc32(body) != int.from_bytes(view[-_CRC_BYTES:], "little"):
        raise BitstreamError("the file is damaged (CRC differs); get an undamaged copy of it")
    if body[8] == 0:
        raise BitstreamError("the file asks for quality 0; get an undamaged copy of it")
    return body


def _check_start(view: memoryview) -> None:
    """Magic and version."""
    if len(view) == 0:
        raise BitstreamError("the file is empty; get a complete copy of it")
    if bytes(view[: len(MAGIC)]) != MAGIC:
        raise BitstreamError("this is not a .tfcomp file; give a file that tfcomp compress wrote")
    if len(view) > len(MAGIC) and view[len(MAGIC)] != FORMAT_VERSION:
        raise BitstreamError(
            f"the file has format version {view[len(MAGIC)]} and this tfcomp reads versions "
            "1 and 2; update tfcomp or get an undamaged copy of the file"
        )


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raises BitstreamError for a picture without pixels or with more than max_pixels."""
    if width < 1 or height < 1:
        raise BitstreamError(
            f"the file says {width}x{height} pixels; get an undamaged copy of the file"
        )
    if width * height > max_pixels:
        raise BitstreamError(
            f"the file says {width}x{height} pixels, more than the limit of {max_pixels}; "
            "raise the limit only if you trust the file"
        )


def section_spans(
    body: memoryview,
    position: int,
    count: int | None,
    partial: bool = False,
    may_follow: int = 0,
) -> list[tuple[int, int]]:
    """Where `count` sections lie (None: any number); they must fill the body exactly.

    With `partial` the last one may break off; `may_follow` bytes may be left after a whole one.
    """
    spans: list[tuple[int, int]] = []
    while position < len(body) if count is None else len(spans) < count:
        length, position = decode_varint(body, position)
        if length > len(body) - position:
            if partial and len(spans) + 1 == count:
                return [*spans, (position, len(body))]
            if partial:
                raise BitstreamError(
                    "there is too little of the file for any picture; get a complete copy of it"
                )
            raise BitstreamError("a section runs past the end; get an undamaged copy of the file")
        spans.append((position, position + length))
        position += length
    if len(body) - position > may_follow:
        raise BitstreamError("bytes are left after the sections; get an undamaged copy of the file")
    return spans


def _possible_readings(body: memoryview) -> list[tuple[int | None, int | None, list[int]]]:
    """(width, height, section lengths) with the size in the file, then with it left out."""
    readings: list[tuple[int | None, int | None, list[int]]] = []
    for sized in (True, False):
        width: int | None = None
        height: int | None = None
        position = _HEADER_BYTES
        try:
            if sized:
                width, position = decode_varint(body, position)
                height, position = decode_varint(body, position)
                check_size(width, height, MAX_PIXELS)
            spans = section_spans(body, position, None)
        except BitstreamError:
            continue
        if spans:
            readings.append((width, height, [stop - start for start, stop in spans]))
    return readings
