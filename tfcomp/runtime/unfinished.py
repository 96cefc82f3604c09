"""Names of temporary files, and the removal of those that killed processes leave.

    .tfcomp-3f09a1c2-4711-9be05c.tmp    machine, process, a random number

The next process that writes into the folder removes such a file: at once if it belongs to an ended
process of this machine, and after an hour if it belongs to another machine or an earlier version.
Writing takes seconds, so no file of a live process is an hour old.
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
    """Removes the temporary files of ended processes in a folder; never raises an OSError."""
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
    """8 digits for machine, boot and container, within which process numbers are unique."""
    parts = [platform.node()]
    with contextlib.suppress(OSError):
        parts.append(os.readlink("/proc/self/ns/pid"))
    with contextlib.suppress(OSError), open("/proc/sys/kernel/random/boot_id") as file:
        parts.append(file.read())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]
