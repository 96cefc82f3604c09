"""Open files and streams, read whole, and why a file cannot be read."""

from __future__ import annotations

import io
import os
from typing import Any

from tfcomp.errors import one_line

_PIECE = 2**20


class FileObjectError(Exception):
    """Why a file object gives no bytes, in one line."""


def is_file_object(source: Any) -> bool:
    """Whether something can be read from, as an open file or a BytesIO can."""
    return callable(getattr(source, "read", None))


def read_whole(file: Any, limit: int) -> bytes:
    """All bytes of a binary file object, from its start if it can seek, as Pillow reads.

    Raises:
      FileObjectError: it can't be read, or has more than `limit` bytes.
    """
    content = bytearray()
    try:
        if _can_go_back(file):
            file.seek(0)
        while len(content) <= limit:
            piece = file.read(min(_PIECE, limit + 1 - len(content)))
            if isinstance(piece, str):
                raise FileObjectError("the file is open as text; open it with mode 'rb'")
            if piece is None:
                raise FileObjectError("the stream has no bytes yet; open it so that reads wait")
            if not piece:
                break
            content += piece
    except FileObjectError:
        raise
    except Exception as error:  # noqa: BLE001
        # Closed files, network streams: each library raises errors of its own.
        raise FileObjectError(f"the file object cannot be read: {one_line(error)}") from None
    if len(content) > limit:
        raise FileObjectError(f"the file object has more than {limit} bytes")
    return bytes(content)


def unreadable(path: str | os.PathLike, error: Exception, what: str) -> str:
    """One line about a path that gave an OSError or a ValueError where `what` was to be read."""
    name = os.fsdecode(path)
    if isinstance(error, FileNotFoundError):
        return f"{name} does not exist"
    if isinstance(error, IsADirectoryError):
        return f"{name} is a folder; name {what}"
    return f"{name} cannot be read: {getattr(error, 'strerror', None) or error}"


def _can_go_back(file: Any) -> bool:
    if isinstance(file, io.TextIOBase):
        return False
    seekable = getattr(file, "seekable", None)
    return bool(seekable()) if callable(seekable) else hasattr(file, "seek")
