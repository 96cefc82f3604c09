"""Boxes: how a file of format version 2 is cut (spec/version2.md).

    magic, version  4 bytes   89 54 43 02
    boxes           each: type 1 byte, payload's length varint, payload, CRC-32 4 bytes
    end             1 byte    2E

A reader must know all upper-case types, and skips lower-case ones that it does not know.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tfcomp.bitstream.varint import MAX_BYTES, MAX_VALUE, decode_varint, encode_varint
from tfcomp.errors import BitstreamError, ImageError

START = b"\x89TC\x02"
END = b"."
MAX_BOXES = 65_536
CUT_BETWEEN_BOXES = ""  # the type of what stands last where a file breaks off so
_CRC_BYTES = 4


class Box(NamedTuple):
    """One box.

    Attributes:
      type: an ASCII letter.
      payload: its bytes.
      whole: False where the file breaks off inside it; its checksum is then unread.
    """

    type: str
    payload: bytes | memoryview
    whole: bool = True


def pack_boxes(boxes: Sequence[Box]) -> bytes:
    """Writes a file of boxes.

    Raises:
      ImageError: more than MAX_BOXES boxes.
      ValueError: a type that is no letter, or a payload of more than 32 bits' length.
    """
    if len(boxes) > MAX_BOXES:
        raise ImageError(
            f"{len(boxes)} parts are more than a file may have ({MAX_BOXES}); write several files"
        )
    parts = [START]
    for box in boxes:
        if not _is_type(box.type):
            raise ValueError(f"a box has an ASCII letter as its type, not '{box.type}'")
        if len(box.payload) > MAX_VALUE:
            raise ValueError(f"a box of {len(box.payload)} bytes exceeds 32 bits")
        content = box.type.encode() + encode_varint(len(box.payload)) + bytes(box.payload)
        parts += [content, zlib.crc32(content).to_bytes(_CRC_BYTES, "little")]
    return b"".join([*parts, END])


def read_boxes(data: bytes, partial: bool = False) -> Iterator[Box]:
    """Reads a file's boxes one after another, each once its checksum is right.

    Args:
      data: the whole file, which begins with START.
      partial: whether a file that breaks off is read as far as it goes: then the last is not whole,
        a box with the bytes that there are of it, or one of the type CUT_BETWEEN_BOXES.

    Raises:
      BitstreamError: the file fails a check.
    """
    view = memoryview(data).cast("B")
    position = len(START)
    for count in range(MAX_BOXES + 1):
        if position == len(view):
            if partial:
                yield Box(CUT_BETWEEN_BOXES, b"", whole=False)
                return
            raise BitstreamError("the file has no end; get a complete copy of it")
        letter = chr(view[position])
        if letter == END.decode():
            if position + 1 != len(view):
                raise BitstreamError(
                    "bytes are left after the file's end; get an undamaged copy of the file"
                )
            return
        if not _is_type(letter):
            raise BitstreamError(
                "the file is damaged (no box begins where one should); get an undamaged copy of it"
            )
        if count == MAX_BOXES:
            raise BitstreamError(
                f"the file has more than {MAX_BOXES} boxes; get an undamaged copy of the file"
            )
        start = position
        try:
            length, position = decode_varint(view, position + 1)
        except BitstreamError:
            if partial and len(view) - position <= MAX_BYTES:
                yield Box(CUT_BETWEEN_BOXES, b"", whole=False)
                return
            raise
        end = position + length
        if end + _CRC_BYTES > len(view):
            if partial:
                yield Box(letter, view[position:end], whole=False)
                return
            raise BitstreamError("a box breaks off; get a complete copy of the file")
        if zlib.crc32(view[start:end]) != int.from_bytes(view[end : end + _CRC_BYTES], "little"):
            raise BitstreamError("the file is damaged (CRC differs); get an undamaged copy of it")
        yield Box(letter, view[position:end])
        position = end + _CRC_BYTES


def must_be_known(box_type: str) -> bool:
    """Whether a reader that does not know a type must refuse the file."""
    return box_type.isupper()


def _is_type(letter: str) -> bool:
    return len(letter) == 1 and letter.isascii() and letter.isalpha()
