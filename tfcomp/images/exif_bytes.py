"""Exif as bytes: a TIFF structure whose orientation is reset in place.

Written anew by a library, Exif would lose what the library does not know, and cameras' own notes
(MakerNote), which point to places of the old bytes.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

PREFIX = b"Exif\0\0"  # of JPEG, and of Pillow's `exif`; not of a .tfcomp file
_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_ORIENTATION, _SHORT = 0x0112, 3
_THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_ENTRY_BYTES = 12
_PADDING = 16  # bytes that may stand behind a thumbnail


class DamagedExifError(ValueError):
    """Exif whose directory of tags can't be read."""


class _Directory(NamedTuple):
    """Where the entries of one directory of tags begin, and where the next one's offset stands."""

    entries: tuple[int, ...]
    link: int


def upright_exif(exif: bytes, turned: bool = False) -> bytes:
    """The same Exif with an orientation of 1, where it has any.

    Args:
      exif: a TIFF structure.
      turned: whether the pixels were turned; the thumbnail, which was not, is then left out.

    Raises:
      DamagedExifError: its first directory can't be read.
    """
    order = _BYTE_ORDERS.get(exif[:4])
    if order is None:
        raise DamagedExifError
    changed = bytearray(exif)
    first = _directory(changed, 4, order)
    if first is None:
        raise DamagedExifError
    _reset(changed, first, order)
    try:
        second = _directory(changed, first.link, order)
    except DamagedExifError:
        second = None
    if second is not None:
        _reset(changed, second, order)
        if turned:
            _leave_out_thumbnail(changed, first, second, order)
    return bytes(changed)


def _directory(exif: bytearray, link: int, order: str) -> _Directory | None:
    """The directory that the offset at `link` names; None where that is 0 or missing."""
    if link + 4 > len(exif):
        return None
    (start,) = struct.unpack_from(order + "I", exif, link)
    if start == 0:
        return None
    if start + 2 > len(exif):
        raise DamagedExifError
    (count,) = struct.unpack_from(order + "H", exif, start)
    end = start + 2 + _ENTRY_BYTES * count
    if end > len(exif):
        raise DamagedExifError
    return _Directory(tuple(range(start + 2, end, _ENTRY_BYTES)), end)


def _reset(exif: bytearray, directory: _Directory, order: str) -> None:
    for entry in directory.entries:
        if struct.unpack_from(order + "H", exif, entry)[0] == _ORIENTATION:
            struct.pack_into(order + "HIHH", exif, entry + 2, _SHORT, 1, 1, 0)


def _leave_out_thumbnail(
    exif: bytearray, first: _Directory, second: _Directory, order: str
) -> None:
    """Removes the link to the thumbnail's directory, and its bytes where they are the last."""
    numbers = {}
    for entry in second.entries:
        tag, _, _, value = struct.unpack_from(order + "HHII", exif, entry)
        numbers[tag] = value
    struct.pack_into(order + "I", exif, first.link, 0)
    start, length = numbers.get(_THUMBNAIL_OFFSET, 0), numbers.get(_THUMBNAIL_LENGTH, 0)
    if second.link < start and start + length <= len(exif) <= start + length + _PADDING:
        del exif[start:]
