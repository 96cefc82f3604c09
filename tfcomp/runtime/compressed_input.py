"""Reading a `.tfcomp` file whole."""

from __future__ import annotations

import os

from tfcomp.errors import BitstreamError

# Far above what the largest image takes; keeps an endless device from filling the memory.
MAX_FILE_BYTES = 2**30


def read_compressed(source: bytes | str | os.PathLike) -> bytes:
    """The bytes of a file, or those given. Raises BitstreamError where the file can't be read."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    name = os.fsdecode(source)
    try:
        with open(source, "rb") as file:
            return file.read(MAX_FILE_BYTES)
    except FileNotFoundError:
        raise BitstreamError(f"{name} does not exist") from None
    except IsADirectoryError:
        raise BitstreamError(f"{name} is a folder; name a .tfcomp file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BitstreamError(f"{name} cannot be read: {reason}") from None
