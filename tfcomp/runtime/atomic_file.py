"""Writing a file all or nothing: what was there before is lost only once its successor is whole."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat

from tfcomp.errors import OutputError


def write_atomically(path: str | os.PathLike, data: bytes) -> None:
    """Writes `data` to `path` through a temporary file in the same folder.

    A symbolic link is followed and an existing file keeps its permissions. Devices and pipes, which
    cannot be replaced, are written to directly. Raises OutputError; the old file is then untouched.
    """
    try:
        existing = _status(path)
        if existing is not None and stat.S_ISDIR(existing.st_mode):
            raise OutputError(f"cannot write {os.fspath(path)}: it is a folder; name a file")
        if existing is not None and not stat.S_ISREG(existing.st_mode):
            with open(path, "wb") as device:
                device.write(data)
            return
        _replace(os.path.realpath(path), data, existing)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"cannot write {os.fspath(path)}: {reason}; choose another place"
        ) from None


def _status(path: str | os.PathLike) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _replace(path: str, data: bytes, existing: os.stat_result | None) -> None:
    if existing is not None and not os.access(path, os.W_OK):
        raise PermissionError(0, "the file is write-protected")
    temporary = os.path.join(os.path.dirname(path), f".tfcomp-{secrets.token_hex(6)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if existing is not None:
            os.chmod(temporary, stat.S_IMODE(existing.st_mode))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
