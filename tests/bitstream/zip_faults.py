"""Zip archives that say two things, made from a sound one with stored entries."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator


def two_meanings(sound: bytes, other: bytes) -> Iterator[tuple[str, bytes]]:
    """(what is wrong, the archive) for many ways in which headers and directory can differ.

    sound, other: archives as `save_tables` writes them, with the same entries and other values.
    """
    start = sound.index(b"PK\x01\x02")
    entries, directory, end = sound[:start], sound[start:-22], sound[-22:]

    def ended(directory_at: int, directory_bytes: int, count: int, comment: bytes = b"") -> bytes:
        fields = (b"PK\x05\x06", 0, 0, count, count, directory_bytes, directory_at, len(comment))
        return struct.pack("<4s4H2IH", *fields) + comment

    def moved(directory: bytes, by: int) -> bytes:
        changed = bytearray(directory)
        for at in _places(directory, b"PK\x01\x02"):
            (offset,) = struct.unpack_from("<I", changed, at + 42)
            struct.pack_into("<I", changed, at + 42, offset + by)
        return bytes(changed)

    count = struct.unpack_from("<H", end, 10)[0]
    others = other[: other.index(b"PK\x01\x02")]
    yield (
        "entries that the directory does not list",
        others + entries + moved(directory, len(others))
        + ended(start + len(others), len(directory), count),
    )
    yield (
        "entries after those that the directory lists",
        entries + others + directory + ended(start + len(others), len(directory), count),
    )
    yield "bytes before the first entry", b"x" * 8 + sound
    yield "bytes after the directory's end", sound + b"x"
    yield "a comment", entries + directory + ended(start, len(directory), count, b"hello")
    yield (
        "bytes before the directory",
        entries + b"x" * 8 + directory + ended(start + 8, len(directory), count),
    )
    yield "a directory that lists no entry", entries + ended(start, 0, 0)
    last = directory.rindex(b"PK\x01\x02")
    yield (
        "a directory that lists all entries but the last",
        entries + directory[:last] + ended(start, last, count - 1),
    )
    yield (
        "an entry listed twice",
        entries + directory + directory[last:] + ended(start, 2 * len(directory) - last, count + 1),
    )
    yield (
        "two entries of one name",
        entries + others + directory + moved(directory, start)
        + ended(2 * start, 2 * len(directory), 2 * count),
    )
    for label, in_header, in_entry, size in (
        ("flags", 6, 8, 2),
        ("compression", 8, 10, 2),
        ("check sum", 14, 16, 4),
        ("packed size", 18, 20, 4),
        ("size", 22, 24, 4),
        ("length of the name", 26, 28, 2),
        ("length of what follows the name", 28, 30, 2),
        ("name", 30, 46, 1),
    ):
        for place, at in (("header", in_header), ("directory", start + in_entry)):
            changed = bytearray(sound)
            for byte in range(at, at + size):
                changed[byte] ^= 8 if byte == at else 0
            yield f"another {label} in the {place}", bytes(changed)
    (size,) = struct.unpack_from("<I", sound, 18)
    data_at = 30 + struct.unpack_from("<H", sound, 26)[0]
    for label, old, new in (
        ("the type named twice", b" " * 20, b"'descr': '<f4',"),
        ("a shape that the data do not have", b"'shape': (", b"'shape': (9"),
        ("Fortran's order", b"False", b"True "),
        ("a type in capitals", b"'<i4'", b"'>i4'"),
    ):
        data = bytearray(sound[data_at : data_at + size])
        at = data.index(old)
        data[at : at + len(new)] = new
        yield f"an array with {label}", with_checksum(sound, bytes(data), data_at)


def with_checksum(sound: bytes, data: bytes, data_at: int) -> bytes:
    """The archive with other data in its first entry, as long as the old, and the right CRC."""
    changed = bytearray(sound)
    changed[data_at : data_at + len(data)] = data
    crc = zlib.crc32(data)
    struct.pack_into("<I", changed, 14, crc)
    struct.pack_into("<I", changed, sound.index(b"PK\x01\x02") + 16, crc)
    return bytes(changed)


def _places(data: bytes, wanted: bytes) -> Iterator[int]:
    at = data.find(wanted)
    while at >= 0:
        yield at
        at = data.find(wanted, at + 1)
