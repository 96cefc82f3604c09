"""Whether a zip archive has one meaning, however it is read.

A zip file lists its entries twice: in a header before each entry, and in a directory at its end. A
reader of the headers (c/src/tables_file.c) and a reader of the directory (zipfile) see the same
entries only if both lists agree and nothing lies between, before or after the entries.
"""

from __future__ import annotations

import struct
import zipfile

_LOCAL = struct.Struct("<4s5H3I2H")
_END = struct.Struct("<4s4H2IH")
_DIRECTORY_ENTRY_BYTES = 46
_IN_EXTRA = 0xFFFFFFFF  # a size that does not fit, or whose writer did not know whether it would
_ZIP64 = struct.Struct("<2H2Q")


def check_one_meaning(data: bytes, archive: zipfile.ZipFile) -> None:
    """Raises ValueError unless headers and directory agree, entry by entry, and fill the file.

    Args:
      data: the archive's bytes.
      archive: the same, opened.
    """
    position = 0
    directory_bytes = 0
    names = set()
    for entry in archive.infolist():  # in the directory's order
        if entry.header_offset != position:
            raise ValueError("its entries do not lie one after another")
        position = _end_of_entry(data, entry)
        name = entry.orig_filename
        if name in names or name != entry.filename:
            raise ValueError(f"two readings of an entry's name, {name!r}")
        names.add(name)
        directory_bytes += _DIRECTORY_ENTRY_BYTES + len(_raw_name(entry))
        directory_bytes += len(entry.extra) + len(entry.comment)
    expected = (b"PK\x05\x06", 0, 0, len(names), len(names), directory_bytes, position, 0)
    if archive.start_dir != position or position + directory_bytes + _END.size != len(data):
        raise ValueError("bytes that belong to no entry")
    if _END.unpack_from(data, position + directory_bytes) != expected:
        raise ValueError("its directory does not end as it should")


def _end_of_entry(data: bytes, entry: zipfile.ZipInfo) -> int:
    """Where an entry's data end; ValueError where its header differs from the directory."""
    start = entry.header_offset
    if start + _LOCAL.size > len(data):
        raise ValueError("an entry lies outside the file")
    magic, _, flags, method, _, _, crc, packed, size, name_bytes, extra_bytes = (
        _LOCAL.unpack_from(data, start)
    )
    at = start + _LOCAL.size
    name = data[at : at + name_bytes]
    extra = data[at + name_bytes : at + name_bytes + extra_bytes]
    if (packed, size) == (_IN_EXTRA, _IN_EXTRA) and len(extra) == _ZIP64.size:  # as NumPy writes
        kind, length, size, packed = _ZIP64.unpack(extra)
        if (kind, length) != (1, _ZIP64.size - 4):
            raise ValueError("an entry's sizes are missing")
    elif extra:
        raise ValueError("an entry's header holds more than its name")
    local = (magic, flags, method, crc, packed, size, name)
    listed = (b"PK\x03\x04", entry.flag_bits, entry.compress_type, entry.CRC)
    if local != (*listed, entry.compress_size, entry.file_size, _raw_name(entry)):
        raise ValueError("an entry's header and the directory differ")
    if flags & ~0x0806 or entry.extra or entry.comment:  # UTF-8, and deflate's levels
        raise ValueError("an entry is of an unusual kind")
    return at + name_bytes + extra_bytes + entry.compress_size


def _raw_name(entry: zipfile.ZipInfo) -> bytes:
    return entry.orig_filename.encode("utf-8" if entry.flag_bits & 0x800 else "cp437")
