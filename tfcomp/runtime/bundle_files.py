"""A bundle's files, from a folder or from a zip (at its top or one level down)."""

from __future__ import annotations

import zipfile
from pathlib import Path

from typing_extensions import Self

from tfcomp.errors import BundleError

_MAX_MEMBER_BYTES = 512 * 2**20


class BundleFiles:
    """The files by name, while it is open. Raises BundleError where there is no folder or zip."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._archive: zipfile.ZipFile | None = None

    def __enter__(self) -> Self:
        if self._path.is_file():
            try:
                self._archive = zipfile.ZipFile(self._path)
            except (OSError, zipfile.BadZipFile) as error:
                raise BundleError(
                    f"{self._path} is not a bundle folder or .zip ({error})"
                ) from None
        elif not self._path.is_dir():
            raise BundleError(f"{self._path} does not exist; give a bundle folder or .zip")
        return self

    def __exit__(self, *exception: object) -> None:
        if self._archive is not None:
            self._archive.close()

    def read(self, name: str) -> bytes:
        """A file's bytes. Raises BundleError where it is missing or can't be read."""
        try:
            if self._archive is None:
                return (self._path / name).read_bytes()
            return self._read_member(name)
        except (KeyError, FileNotFoundError):
            raise BundleError(f"{self._path} has no {name}; install the bundle again") from None
        except (OSError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
            raise BundleError(f"{self._path}: {name} cannot be read ({error})") from None

    def _read_member(self, name: str) -> bytes:
        assert self._archive is not None
        matches = [
            entry
            for entry in self._archive.infolist()
            if entry.filename == name
            or (entry.filename.endswith("/" + name) and entry.filename.count("/") == 1)
        ]
        if len(matches) != 1:
            raise KeyError(name)
        if matches[0].file_size > _MAX_MEMBER_BYTES:
            raise BundleError(f"{name} is larger than {_MAX_MEMBER_BYTES} bytes")
        return self._archive.read(matches[0])
