"""Hidden folders for what is still being written, beside the place where it is to stand."""

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
    """A new hidden folder in `parent`, to be filled and renamed by the caller.

    So is what earlier processes left that were killed: a lock on the folder, which ends with its
    process, tells those from others that are still at work.

    Args:
      parent: where it is made.
      name: of what it is to become, for people who find it. What is left of it at the end is
        removed.

    Raises:
      OSError: it can't be written.
    """
    parent = Path(parent)
    _sweep(parent)
    folder = Path(tempfile.mkdtemp(prefix=f".{name}-", suffix=_ENDING, dir=parent))
    handle = _locked(folder)
    try:
        # mkdtemp keeps it to its owner, but servers run as somebody else.
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
