"""Hidden folders for outputs that are still being written, beside their final place."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: what a killed process left stays
    fcntl = None  # type: ignore[assignment]

_ENDING = ".unfinished"


@contextlib.contextmanager
def unfinished_folder(parent: str | os.PathLike[str], name: str) -> Iterator[Path]:
    """A new hidden folder in `parent`, which the caller fills and renames.

    Whatever is left of it at the end is removed, and so are the folders of processes that were
    killed. Each process locks its folder, and the lock ends with the process, so that folders in
    use are told from abandoned ones.

    Args:
      parent: where it is made.
      name: the output's name, which the hidden name contains.

    Raises:
      OSError: it can't be written.
    """
    parent = Path(parent)
    _sweep(parent)
    folder = Path(tempfile.mkdtemp(prefix=f".{name}-", suffix=_ENDING, dir=parent))
    handle = _locked(folder)
    try:
        # mkdtemp gives access to the owner alone, and a server may run as another user.
        os.chmod(folder, 0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if handle is not None:
            os.close(handle)


def _sweep(parent: Path) -> None:
    if fcntl is None:
        return
    for folder in parent.glob(f".*{_ENDING}"):
        if folder.is_symlink() or not folder.is_dir():
            continue
        handle = _locked(folder)
        if handle is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(handle)


def _locked(folder: Path) -> int | None:
    """An open handle that holds the folder's lock; None where another process holds it."""
    if fcntl is None:
        return None
    handle = None
    try:
        handle = os.open(folder, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held, gone, or on a file system without locks
        if handle is not None:
            os.close(handle)
        return None
    return handle
