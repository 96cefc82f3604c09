"""The array of an .npz file, left on the disk where it was not deflated."""

from __future__ import annotations

import os
import struct
import zipfile

import numpy as np

from tfcomp.errors import ImageError

_READ_WHOLE = 1 << 30  # bytes of a deflated array
_LOCAL_HEADER = 30  # bytes, before the name and the extra field


def open_npz(name: str) -> np.ndarray:
    """The one array of an .npz file: memory mapped if np.savez wrote it, else read whole.

    Raises:
      ImageError: it holds none or several, or a deflated one of more than 1 GiB.
      OSError, ValueError, zipfile.BadZipFile: it is damaged.
    """
    with zipfile.ZipFile(name) as archive:
        members = [each for each in archive.infolist() if each.filename.endswith(".npy")]
        if len(members) != 1:
            inside = ", ".join(each.filename[:-4] for each in members[:5])
            raise ImageError(
                f"{name} holds {len(members)} arrays{f' ({inside})' if inside else ''}: save the "
                "one with the pictures alone, with numpy.save (a mask is no part of a picture)"
            )
        member = members[0]
        if member.compress_type != zipfile.ZIP_STORED:
            if member.file_size > _READ_WHOLE:
                raise ImageError(
                    f"{name} holds {member.file_size / 2**30:.1f} GiB that must be inflated as a "
                    "whole: save it with numpy.save, which leaves it on the disk"
                )
            with archive.open(member) as file:
                return np.lib.format.read_array(file, allow_pickle=False)
    return _mapped(name, member)


def _mapped(name: str, member: zipfile.ZipInfo) -> np.ndarray:
    """An array that lies in the archive byte by byte."""
    with open(name, "rb") as file:
        file.seek(member.header_offset)
        lengths = struct.unpack("<HH", file.read(_LOCAL_HEADER)[26:30])
        file.seek(sum(lengths), os.SEEK_CUR)
        version = np.lib.format.read_magic(file)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read is None:
            raise ImageError(f"{name}: its array is of a format of .npy that is not read here")
        shape, columns_first, dtype = read(file)
        if dtype.hasobject:
            raise ImageError(f"{name} holds objects, not numbers")
        start = file.tell()
    if columns_first:
        return np.memmap(name, dtype, "r", offset=start, shape=shape, order="F")
    return np.memmap(name, dtype, "r", offset=start, shape=shape)
