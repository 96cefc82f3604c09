"""Names of files that are being written, and sweeping away those that nobody finishes any more.

    .tfcomp-3f09a1c2-4711-9be05c.tmp    machine, process, a number of its own

A process that is killed leaves its temporary file. Whoever writes into that folder next removes it:
at once if the name tells a process of this machine that has ended, after an hour if it is of
another machine or of an earlier version. A write takes seconds, and a live process's is never
removed within that hour.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import platform
import re
import secrets
import sys
import time

_NAME = re.compile(r"\.tfcomp-([0-9a-f]{8})-([0-9]+)-[0-9a-f]{12}\.tmp")
_EARLIER_NAME = re.compile(r"\.tfcomp-([0-9a-f]{12}|[0-9]+)\.tmp")
_OLD_SECONDS = 3600


def temporary_name() -> str:
    """A new name for a file that this process is about to write."""
    return f".tfcomp-{_machine()}-{os.getpid()}-{secrets.token_hex(6)}.tmp"


def sweep_unfinished(folder: str | os.PathLike[str]) -> None:
    """Removes what ended processes left in a folder; raises nothing where that cannot be done."""
    with contextlib.suppress(OSError), os.scandir(os.fspath(folder)) as entries:
        for entry in entries:
            if is_unfinished_name(entry.name) and _is_abandoned(entry):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)


def is_unfinished_name(name: str) -> bool:
    """Whether a name is one of `temporary_name`'s, or an earlier version's."""
    return bool(_NAME.fullmatch(name) or _EARLIER_NAME.fullmatch(name))


def _is_abandoned(entry: os.DirEntry[str]) -> bool:
    if not entry.is_file(follow_symlinks=False):
        return False
    name = _NAME.fullmatch(entry.name)
    if name and name[1] == _machine() and _has_ended(int(name[2])):
        return True
    return time.time() - entry.stat(follow_symlinks=False).st_mtime > _OLD_SECONDS


def _has_ended(process: int) -> bool:
    if sys.platform == "win32":  # where asking with a signal would end the process
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # another user's
        return False
    return False


@functools.cache
def _machine() -> str:
    """8 digits for where process numbers mean the same: machine, its start, and container."""
    parts = [platform.node()]
    with contextlib.suppress(OSError):
        parts.append(os.readlink("/proc/self/ns/pid"))
    with contextlib.suppress(OSError), open("/proc/sys/kernel/random/boot_id") as file:
        parts.append(file.read())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]
