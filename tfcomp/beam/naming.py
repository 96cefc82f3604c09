"""What a compressed file is called."""

from __future__ import annotations

from apache_beam.io.filesystems import FileSystems

SUFFIX = ".tfcomp"


def target_path(folder: str, name: str) -> str:
    """The path of an image's compressed file: photo.jpg becomes photo.jpg.tfcomp.

    The whole name is kept, since no worker knows whether there is a photo.png too.
    """
    return FileSystems.join(folder, *(name + SUFFIX).split("/"))
