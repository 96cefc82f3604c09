"""Versions of a served model: NAME/1, NAME/2 and so on, of which a server takes the newest.

A server may read NAME while a version is written. So each version is written in a hidden folder,
which servers ignore, and renamed when it is whole. Existing versions are never changed.
"""

from __future__ import annotations

import argparse
import errno
import os
from collections.abc import Callable
from pathlib import Path

from tfcomp.errors import OutputError
from tfcomp.export.unfinished import unfinished_folder

_HIGHEST = 2**63 - 1  # TensorFlow Serving counts in int64


def next_free(folder: Path) -> int:
    """The number after the folder's highest version; 1 if it is empty or absent."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        names = []
    taken = [int(name) for name in names if name.isascii() and name.isdecimal()]
    return max(taken, default=0) + 1


def check_free(folder: Path, version: int) -> None:
    """Raises OutputError where the folder has that version: a server may be using it."""
    if os.path.lexists(folder / str(version)):
        raise OutputError(
            f"{folder} has a version {version} already, which a server may be using: give "
            f"--version {next_free(folder)}, or leave --version out for the next free one"
        )


def write(folder: Path, version: int | None, fill: Callable[[Path], object]) -> Path:
    """Adds a whole version to the folder at once.

    Args:
      folder: of all versions.
      version: its number; the next free one if None.
      fill: writes the version's files into the empty folder that it is given.

    Returns:
      the version's path.

    Raises:
      OutputError: it is there already, or can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with unfinished_folder(folder, f"version-{version or 'next'}") as work:
            fill(work)
            while True:
                target = folder / str(version or next_free(folder))
                if version:
                    check_free(folder, version)
                try:
                    os.rename(work, target)  # fails if the target holds a file
                    return target
                except OSError as error:
                    if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                        raise
                    # Another export was quicker: the next number, or the error above.
    except OSError as error:
        raise OutputError(f"can't write {folder}: {error.strerror or error}") from None


def parse_version(text: str) -> int:
    """For argparse: a whole number that a server takes as a version."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= _HIGHEST):
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to 2**63-1, not {text!r}")
    return int(text)

