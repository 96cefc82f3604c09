"""Which files are images, and what a compressed one is called."""

from __future__ import annotations

import posixpath

from apache_beam.io.filesystems import FileSystems

from tfcomp.cli.compress import IMAGE_SUFFIXES

SUFFIX = ".tfcomp"


def has_image_suffix(path: str) -> bool:
    """Whether a file's name ends like an image's and it is not a hidden file."""
    name = path.replace("\\", "/").rpartition("/")[2]
    return not name.startswith(".") and posixpath.splitext(name)[1].lower() in IMAGE_SUFFIXES


def target_path(folder: str, name: str) -> str:
    """Where the file made of an image goes: photo.jpg becomes photo.jpg.tfcomp.

    The whole name is kept, since no worker can know whether there is a photo.png too.
    """
    return FileSystems.join(folder, *(name + SUFFIX).split("/"))
