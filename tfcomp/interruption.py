"""Ends on a signal: unfinished files are removed, and the exit code names the signal."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class Terminated(BaseException):
    """A signal asked the process to end; exit_code is 128 + the signal's number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.exit_code = 128 + number


@contextlib.contextmanager
def raised_when_told_to_end() -> Iterator[None]:
    """SIGTERM and SIGHUP raise Terminated here, as Ctrl-C does KeyboardInterrupt.

    An ignored signal stays ignored (nohup). Where signals cannot be caught, nothing changes. A
    library that wraps unknown exceptions in its own does not hide it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    told: list[Terminated] = []

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # clean-up has begun
        told.append(Terminated(number))
        raise told[0]

    earlier = {}
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            earlier[number] = signal.signal(number, end)
    try:
        yield
    except BaseException:
        if told:
            raise told[0] from None
        raise
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
