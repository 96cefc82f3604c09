"""Files that appear under their names whole or not at all, on any file system that Beam knows.

    .tfcomp-unfinished/3f09...    what is being written
    photo.jpg.tfcomp              the same file once it is whole

A worker that is killed leaves what it was writing in that folder and nowhere else, so whoever ends
a run, or the next one, takes it all away by removing the folder.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterable

from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

TEMPORARY_FOLDER = ".tfcomp-unfinished"


def replace(path: str, chunks: Iterable[bytes], folder: str) -> None:
    """Writes a file through a temporary one; what it replaces is lost only then.

    path: of the file; its folder is made if need be. chunks: its content. folder: below which the
    temporary file is, on the file system of path. Raises OSError or BeamIOError.
    """
    unfinished = FileSystems.join(folder, TEMPORARY_FOLDER)
    _make_folder(unfinished)
    temporary = FileSystems.join(unfinished, secrets.token_hex(8))
    try:
        with FileSystems.create(
            temporary, compression_type=CompressionTypes.UNCOMPRESSED
        ) as stream:
            for chunk in chunks:
                stream.write(chunk)
        _make_folder(FileSystems.split(path)[0])
        _rename(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError, BeamIOError):
            FileSystems.delete([temporary])
        raise


def remove_unfinished(folder: str) -> None:
    """Removes what stopped workers left below `folder`, of this run and of earlier ones.

    For when no worker writes there any more; nothing is raised where nothing can be removed.
    """
    path = FileSystems.join(folder, TEMPORARY_FOLDER)
    with contextlib.suppress(OSError, BeamIOError):
        if "://" in folder:
            FileSystems.delete([path + "/"])  # object stores delete a tree only by such a name
        else:
            shutil.rmtree(path)  # Beam takes a local path with brackets for a pattern


def _make_folder(path: str) -> None:
    try:
        FileSystems.mkdirs(path)
    except (OSError, BeamIOError):  # Beam's way to say that it is there; if not, writing will fail
        return


def _rename(source: str, target: str) -> None:
    try:
        FileSystems.rename([source], [target])
    except BeamIOError:
        # Some file systems (HDFS) do not rename over what is there.
        if not FileSystems.exists(target):
            raise
        FileSystems.delete([target])
        FileSystems.rename([source], [target])
