"""Atomic writes on any file system that Beam knows.

    .tfcomp-unfinished/3f09...    a file that is being written
    photo.jpg.tfcomp              the same file once it is complete

A killed worker leaves its unfinished file in that folder only, and the end of the run or the next
run removes it. On this machine's file systems the files of another run's live process stay
(tfcomp/runtime/unfinished.py); elsewhere the whole folder is removed.

A result replaces only an earlier result: another program's file of that name stays and is an error,
and a link is replaced itself.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from tfcomp.runtime.atomic_file import put_in_place
from tfcomp.runtime.unfinished import is_unfinished_name, sweep_unfinished, temporary_name

TEMPORARY_FOLDER = ".tfcomp-unfinished"


def replace(path: str, chunks: Iterable[bytes], folder: str, start: bytes = b"") -> None:
    """Writes a file through a temporary one, which replaces an earlier file when complete.

    Args:
      path: of the file; its folder is made if absent.
      chunks: its content.
      folder: that of the temporary file, on the same file system as `path`.
      start: the first bytes of the file, and of a file that it may replace.

    Raises:
      OSError: it can't be written.
      BeamIOError: it can't be written.
    """
    unfinished = FileSystems.join(folder, TEMPORARY_FOLDER)
    _make_folder(unfinished)
    temporary = FileSystems.join(unfinished, temporary_name())
    try:
        with FileSystems.create(
            temporary, compression_type=CompressionTypes.UNCOMPRESSED
        ) as stream:
            for chunk in chunks:
                stream.write(chunk)
        _make_folder(FileSystems.split(path)[0])
        if "://" not in path and not os.path.lexists(path):
            with contextlib.suppress(FileExistsError):  # by another worker, since we looked
                put_in_place(temporary, path)
                return
        _require_start(path, start)
        _rename(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError, BeamIOError):
            FileSystems.delete([temporary])
        raise


def remove_unfinished(folder: str) -> None:
    """Removes what stopped workers left below `folder`, in this run and earlier ones.

    Call it when no worker writes there any more. It never raises an OSError.
    """
    path = FileSystems.join(folder, TEMPORARY_FOLDER)
    with contextlib.suppress(OSError, BeamIOError):
        if "://" in folder:
            FileSystems.delete([path + "/"])  # object stores delete a tree only by such a name
            return
        for name in os.listdir(path):
            if not is_unfinished_name(name):  # an earlier version's, which no live process writes
                os.unlink(os.path.join(path, name))
        sweep_unfinished(path)
        os.rmdir(path)  # unless another run writes there


def _require_start(path: str, start: bytes) -> None:
    """Raises FileExistsError if an existing file begins otherwise."""
    is_local = "://" not in path
    if not start or not (os.path.lexists(path) if is_local else FileSystems.exists(path)):
        return
    found = b""
    if not is_local or os.path.isfile(path):
        kind = CompressionTypes.UNCOMPRESSED
        with FileSystems.open(path, compression_type=kind) as stream:
            found = stream.read(len(start))
    if found != start:
        raise FileExistsError("a file is there that is no earlier result; move it away")


def _make_folder(path: str) -> None:
    try:
        FileSystems.mkdirs(path)
    except (OSError, BeamIOError):  # it exists already; if not, writing will fail
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
