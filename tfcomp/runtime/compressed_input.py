"""Reading a `.tfcomp` file whole."""

from __future__ import annotations

import os
from typing import Any

from tfcomp.errors import BitstreamError
from tfcomp.runtime.file_objects import FileObjectError, is_file_object, read_whole, unreadable

# Far above the largest file; so an endless device does not fill the memory.
MAX_FILE_BYTES = 2**30


def read_compressed(source: Any) -> bytes:
    """The bytes of a file, or those given.

    Args:
      source: a path, bytes, or a binary file object, read from its start where it can go back.

    Raises:
      BitstreamError: the file can't be read, and for anything else.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    if is_file_object(source):
        try:
            return read_whole(source, MAX_FILE_BYTES)
        except FileObjectError as error:
            raise BitstreamError(str(error)) from None
    if not isinstance(source, (str, os.PathLike)):
        raise BitstreamError(
            f"a {type(source).__name__} is not a .tfcomp file; give its path, its bytes or a file "
            "object"
        )
    try:
        with open(source, "rb") as file:
            return file.read(MAX_FILE_BYTES)
    except (OSError, ValueError) as error:
        raise BitstreamError(unreadable(source, error, "a .tfcomp file")) from None
