"""Atomic writes: a file is replaced only once its successor is complete."""

from __future__ import annotations

import contextlib
import os
import stat

from tfcomp.errors import OutputError
from tfcomp.runtime.unfinished import temporary_name


def write_atomically(
    path: str | os.PathLike, data: bytes, *, overwrite: bool = True, follow_links: bool = True
) -> None:
    """Writes `data` to `path` through a temporary file in the same folder.

    An existing file keeps its permissions. Devices and pipes, which cannot be replaced, are written
    to directly.

    Args:
      path: of the file.
      data: the content.
      overwrite: if False, whatever is at `path` at the last moment stays, dangling links too.
      follow_links: whether a symbolic link to a file stays and that file is written. If False the
        link itself is replaced, as a dangling link always is: nothing is made where it points.

    Raises:
      OutputError: it can't be written; what was there is then untouched.
    """
    try:
        existing = _status(path)
        if existing is not None and stat.S_ISDIR(existing.st_mode):
            raise OutputError(f"cannot write {os.fspath(path)}: it is a folder; name a file")
        if existing is not None and not stat.S_ISREG(existing.st_mode):
            with open(path, "wb") as device:
                device.write(data)
            return
        if follow_links and existing is not None:
            path = os.path.realpath(path)
        _write_beside(os.fspath(path), data, existing, overwrite)
    except FileExistsError:
        raise OutputError(
            f"{os.fspath(path)} exists, it appeared meanwhile; name another output, or overwrite "
            "with --force"
        ) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"cannot write {os.fspath(path)}: {reason}; choose another place"
        ) from None


def put_in_place(temporary: str, path: str) -> None:
    """Renames a finished file to `path`, unless that name is taken.

    Raises:
      FileExistsError: the name is taken.
      OSError: it can't be done; `temporary` may be left.
    """
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):
        # A file system without hard links: take the name first, with a file that may be replaced.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        try:
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(path)
            raise
    else:
        os.unlink(temporary)


def _status(path: str | os.PathLike) -> os.stat_result | None:
    """The status of a path's target; None where there is none, or the link is dangling."""
    try:
        return os.stat(path)
    except OSError:
        if os.path.islink(path):
            return None
        if os.path.lexists(path):
            raise
        return None


def _write_beside(
    path: str, data: bytes, existing: os.stat_result | None, overwrite: bool
) -> None:
    if existing is not None and overwrite and not os.access(path, os.W_OK):
        raise PermissionError(0, "the file is write-protected")
    temporary = os.path.join(os.path.dirname(path), temporary_name())
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if not overwrite:
            put_in_place(temporary, path)
            return
        if existing is not None:
            os.chmod(temporary, stat.S_IMODE(existing.st_mode))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
