"""One rule for the files of a folder, for every command that takes a folder.

It takes regular files whose names have one of the given endings, in the folder and below, in the
order of their paths. It leaves out hidden files and folders (".x", and so "._x.png", which macOS
leaves on other disks), those of operating systems (`_SYSTEM_NAMES`), and pipes, sockets and
devices. It follows links; a folder that is reached twice counts once, so loops end. It takes a link
to nothing, so that reading it says what is missing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator

from tfcomp.errors import ImageError

# Endings of pictures: Pillow's formats (.heic and .heif with a plugin).
# fmt: off
PICTURE_SUFFIXES = frozenset((
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".dib",
    ".gif", ".apng", ".pbm", ".pgm", ".ppm", ".pnm", ".jp2", ".j2k", ".jpx", ".tga", ".ico",
    ".icns", ".pcx", ".psd", ".qoi", ".sgi", ".heic", ".heif",
))
# fmt: on

# And of what else holds the pictures of a model of any channels and depth.
SAMPLE_SUFFIXES = PICTURE_SUFFIXES | {".npy"}

# Of folders that are arrays: with it among the endings they count as files.
ZARR = ".zarr"

# In lower case. They hold previews and deleted pictures.
_SYSTEM_NAMES = frozenset(
    ("__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found", "thumbs.db")
)


def suffix_of(name: str) -> str:
    """The ending of a file's name in lower case, with its dot; empty where there is none."""
    return os.path.splitext(name)[1].lower()


def is_left_out(name: str) -> bool:
    """Whether a file or folder of this name, without its path, is hidden or of the system."""
    return name.startswith(".") or name.lower() in _SYSTEM_NAMES


def is_taken(path: str, suffixes: Collection[str] = PICTURE_SUFFIXES) -> bool:
    """The part of the rule that needs only a name, for storage that is not a local file system.

    The path is relative to the given folder, with "/" between names.
    """
    return suffix_of(path) in suffixes and not any(map(is_left_out, path.split("/")))


def files_in(folder: str | os.PathLike, suffixes: Collection[str] = PICTURE_SUFFIXES) -> list[str]:
    """Paths of a folder's files relative to it, with "/" between names, sorted.

    With ".zarr" among the endings, folders of that ending are taken as if they were files.

    Raises:
      ImageError: a folder cannot be read.
    """
    return sorted(_found(os.fspath(folder), suffixes))


def holds_any(folder: str | os.PathLike, suffixes: Collection[str] = PICTURE_SUFFIXES) -> bool:
    """Whether `files_in` gives any; stops at the first."""
    return next(_found(os.fspath(folder), suffixes), None) is not None


def is_regular(path: str | os.PathLike) -> bool:
    """Whether a path leads to a regular file or to nothing, not to a pipe, socket or device."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True


def _found(root: str, suffixes: Collection[str]) -> Iterator[str]:
    """Linked folders come last, so that files in the folder itself have their own paths."""
    visited: set[str] = set()
    waiting = [""]
    linked: list[str] = []
    while waiting or linked:
        inside = waiting.pop() if waiting else linked.pop(0)
        folder = os.path.join(root, inside) if inside else root
        real = os.path.realpath(folder)
        if real in visited:
            continue
        visited.add(real)
        for entry in _entries(folder):
            if is_left_out(entry.name):
                continue
            path = f"{inside}/{entry.name}" if inside else entry.name
            if _is_folder(entry):
                if ZARR in suffixes and suffix_of(entry.name) == ZARR:
                    yield path
                else:
                    (linked if entry.is_symlink() else waiting).append(path)
            elif suffix_of(entry.name) in suffixes and is_regular(entry.path):
                yield path


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise ImageError(f"{folder} cannot be read: {error.strerror or error}") from None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
