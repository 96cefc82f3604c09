"""A bundle's files, from a folder or from a zip (at its top or one level down).

Only regular files are read: a pipe would wait for ever, and a device has no end.
"""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path
from typing import IO

from tfcomp.bitstream.tables import UNREADABLE
from tfcomp.encoder_tuning import ENCODER_TUNING
from tfcomp.errors import BundleError, CodecError

MANIFEST = "manifest.json"
CHECKSUMS = "SHA256SUMS"

_MAX_MEMBER_BYTES = 512 * 2**20
_MAX_BYTES = {
    MANIFEST: 2**20,
    ENCODER_TUNING: 2**20,
    CHECKSUMS: 2**16,
    "tables.npz": 64 * 2**20,
    "README.md": 2**24,
}
_MAX_ARCHIVE_BYTES = 2 * 2**30
_MAX_RATIO = 64  # of what a zip's entry unpacks to; weights hardly shrink
_MAX_DIRECTORY_BYTES = 2**20  # of a zip: some thousands of entries

# With O_NONBLOCK a pipe that has replaced the file meanwhile does not wait for a writer.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class BundleFiles:
    """The files by name, while it is open.

    Raises:
      BundleError: there is no folder or zip.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self._archive: zipfile.ZipFile | None = None

    def __enter__(self) -> BundleFiles:
        if os.path.isdir(self._path):
            return self
        if not os.path.lexists(self._path):
            raise BundleError("it does not exist; give a bundle folder or .zip")
        try:
            self._file = open_regular(self._path)
            _check_archive(self._file)
            self._archive = zipfile.ZipFile(self._file)
        except UNREADABLE as error:
            self.__exit__()
            raise BundleError(f"it is not a bundle folder or .zip ({reason(error)})") from None
        return self

    def __exit__(self, *exception: object) -> None:
        if self._archive is not None:
            self._archive.close()
        if self._file is not None:
            self._file.close()

    def has(self, name: str) -> bool:
        """Whether there is such a file, of whatever kind."""
        if self._archive is None:
            return os.path.lexists(self._path / name)
        return bool(self._members(name))

    def read(self, name: str) -> bytes:
        """A file's bytes.

        Raises:
          BundleError: it is missing, too large or can't be read.
        """
        limit = _MAX_BYTES.get(name, _MAX_MEMBER_BYTES)
        try:
            with self._open(name) as file:
                content = file.read(limit + 1)
        except (KeyError, FileNotFoundError):
            raise BundleError(f"it has no {name}; install the bundle again") from None
        except UNREADABLE as error:
            raise BundleError(f"{name} cannot be read ({reason(error)})") from None
        if len(content) > limit:
            raise BundleError(f"{name} is larger than {limit} bytes; check it")
        return content

    def _open(self, name: str) -> IO[bytes]:
        if self._archive is None:
            return open_regular(self._path / name)
        members = self._members(name)
        if len(members) != 1:
            raise KeyError(name)
        most = _MAX_RATIO * members[0].compress_size + 2**20
        if members[0].file_size > most:
            raise ValueError("it unpacks to far more than it holds")
        return self._archive.open(members[0])

    def _members(self, name: str) -> list[zipfile.ZipInfo]:
        assert self._archive is not None
        return [
            entry
            for entry in self._archive.infolist()
            if entry.filename == name
            or (entry.filename.endswith("/" + name) and entry.filename.count("/") == 1)
        ]


def open_regular(path: str | os.PathLike[str]) -> IO[bytes]:
    """Opens a file for reading; OSError where it is a pipe, a device or anything but a file."""
    if not stat.S_ISREG(os.stat(path).st_mode):  # opening a device may already do something
        raise OSError("not a regular file")
    descriptor = os.open(path, _OPEN_FLAGS)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("not a regular file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _check_archive(file: IO[bytes]) -> None:
    """Raises ValueError for a zip whose directory would take much memory to read."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 2**16 - 22))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if size > _MAX_ARCHIVE_BYTES or at < 0 or len(tail) - at < 22:
        raise ValueError("not a zip file, or too large")
    if int.from_bytes(tail[at + 12 : at + 16], "little") > _MAX_DIRECTORY_BYTES:
        raise ValueError("a zip file of too many files")
    file.seek(0)


def reason(error: BaseException) -> str:
    """An error's reason in one line; the name of its type where it has no message."""
    if isinstance(error, CodecError):
        return str(error)
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:200]
