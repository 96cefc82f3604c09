"""What one box of a picture holds: the body of a `.tfcomp` file, in version 2's form.

    bundle          4 bytes
    quality         varint, 32 times (level - 1)
    width, height   varints, absent where the bundle fixes them
    sections        per section: varint length, then that many bytes

A frame that depends on the one before has quality and sections only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tfcomp.bitstream.container import Container, check_size, packed_sections, section_spans
from tfcomp.bitstream.varint import decode_varint, encode_varint
from tfcomp.errors import BitstreamError
from tfcomp.quality import QUALITY_STEPS

_FINGERPRINT_BYTES = 4


@dataclass(frozen=True)
class Start:
    """What a dependent frame takes over: its bundle's fingerprint and its size in pixels."""

    fingerprint: bytes
    width: int
    height: int


def pack_image(
    image: Container, fixed_size: tuple[int, int] | None = None, dependent: bool = False
) -> bytes:
    """Writes the payload of a box.

    Args:
      image: what to write; its quality may lie between two levels.
      fixed_size: (width, height) where the bundle fixes the size.
      dependent: whether bundle and size are those of the frame before.

    Raises:
      ValueError: fields out of range.
    """
    if image.quality < 1 or not 0 <= image.fraction < QUALITY_STEPS:
        raise ValueError(f"no quality {image.quality} and {image.fraction} 32nds")
    parts = [] if dependent else [bytes(image.fingerprint)]
    parts.append(encode_varint(QUALITY_STEPS * (image.quality - 1) + image.fraction))
    if not dependent and fixed_size is None:
        parts += [encode_varint(image.width), encode_varint(image.height)]
    return b"".join([*parts, packed_sections(image.sections)])


def parse_image(
    payload: bytes | memoryview,
    bundle: Any,
    max_pixels: int,
    start: Start | None = None,
    partial: bool = False,
) -> Container:
    """Reads the payload of a box.

    Args:
      payload: of the box.
      bundle: the bundle that `fingerprint_of` names, or the frame's before: an object with
        `fixed_size`, `section_count`, `qualities` and `quality_steps`.
      max_pixels: larger pictures are refused.
      start: of the frame before, where this one depends on it.
      partial: whether the payload may break off, in its last section.

    Raises:
      BitstreamError: the payload fails a check.
    """
    view = memoryview(payload)
    fingerprint = start.fingerprint if start else fingerprint_of(view)
    quality, position = decode_varint(view, 0 if start else _FINGERPRINT_BYTES)
    _check_quality(quality, bundle)
    if start is not None:
        width, height = start.width, start.height
    elif bundle.fixed_size is None:
        width, position = decode_varint(view, position)
        height, position = decode_varint(view, position)
    else:
        width, height = (int(side) for side in bundle.fixed_size)
    check_size(width, height, max_pixels)
    spans = section_spans(view, position, bundle.section_count, partial)
    sections = tuple(bytes(view[first:stop]) for first, stop in spans)
    whole, fraction = divmod(quality, QUALITY_STEPS)
    return Container(fingerprint, 1 + whole, width, height, sections, fraction)


def fingerprint_of(payload: bytes | memoryview) -> bytes:
    """The fingerprint, 4 bytes, of the bundle that wrote a picture.

    Raises:
      BitstreamError: the payload is shorter.
    """
    if len(payload) < _FINGERPRINT_BYTES:
        raise BitstreamError("a picture's box is too short; get an undamaged copy of the file")
    return bytes(payload[:_FINGERPRINT_BYTES])


def _check_quality(quality: int, bundle: Any) -> None:
    level = 1 + quality / QUALITY_STEPS
    if level > bundle.qualities:
        raise BitstreamError(
            f"the file asks for quality {level:g} but its model has 1 to {bundle.qualities}; "
            "get an undamaged copy of the file"
        )
    if quality * getattr(bundle, "quality_steps", 1) % QUALITY_STEPS:
        raise BitstreamError(
            f"the file asks for quality {level:g} but its model has whole levels only; "
            "get an undamaged copy of the file"
        )
