"""Filters lines of libraries that mean nothing to users out of standard error."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import time
import warnings
from collections.abc import Iterator

_SECONDS_TO_END = 2.0


@contextlib.contextmanager
def without_lines(noise: re.Pattern[bytes]) -> Iterator[None]:
    """Drops matching lines from standard error, those of C++ and of child processes too.

    Other lines pass when they are complete. A separate process passes them on, so that the last
    words of a process that crashes are not lost. Without standard error, or where processes cannot
    fork, nothing is dropped.
    """
    with contextlib.ExitStack() as stack:
        try:
            sys.stderr.flush()
            kept = os.dup(2)
        except (OSError, ValueError, AttributeError):
            kept = -1
        if kept >= 0 and hasattr(os, "fork"):
            source, target = os.pipe()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of threads: the child runs none of their code
                child = os.fork()
            if not child:
                _pass_on(source, target, kept, noise)
            os.close(source)
            os.dup2(target, 2)
            os.close(target)
            stack.callback(_restore, kept, child)
        yield


def _restore(kept: int, child: int) -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os.dup2(kept, 2)
    os.close(kept)
    # It ends with the last process that still has the other end.
    end = time.monotonic() + _SECONDS_TO_END
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(child, os.WNOHANG)[0] == 0 and time.monotonic() < end:
            time.sleep(0.002)


def _pass_on(source: int, target: int, kept: int, noise: re.Pattern[bytes]) -> None:
    """The child process. Never returns."""
    try:
        os.close(target)
        for number in ("SIGINT", "SIGTERM", "SIGHUP"):  # it ends after its parent
            signal.signal(getattr(signal, number), signal.SIG_IGN)
        rest = b""
        while piece := os.read(source, 1 << 16):
            *lines, rest = (rest + piece).split(b"\n")
            said = b"".join(line + b"\n" for line in lines if not noise.search(line))
            while said:
                said = said[os.write(kept, said) :]
        if rest and not noise.search(rest):
            os.write(kept, rest)
    finally:
        os._exit(0)
