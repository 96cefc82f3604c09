"""Ends a request when its time is up, whatever its server does.

A socket's time-out holds for one read, and a server that sends a byte now and then never exceeds
it. So a timer shuts the connection down.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection

_of_this_thread = threading.local()


class Deadline:
    """A context that shuts its thread's connection down once the time is up.

    Attributes:
      passed: whether the time is up.
    """

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._lock = threading.Lock()  # never used in a forked child
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Deadline:
        _of_this_thread.deadline = self
        self._timer.start()
        return self

    def __exit__(self, *exception: object) -> None:
        _of_this_thread.deadline = None
        self._timer.cancel()
        with self._lock:
            self._socket = None  # another request may use the connection by now

    def watch(self, connection: socket.socket | None) -> None:
        """Tells it the socket of the request."""
        with self._lock:
            self._socket = connection
            if self.passed:
                self._cut()

    def _end(self) -> None:
        with self._lock:
            self.passed = True
            self._cut()

    def _cut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # Not a TLS socket's own method: another thread is reading from it.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def _watch(connection: socket.socket | None) -> None:
    deadline = getattr(_of_this_thread, "deadline", None)
    if deadline is not None:
        deadline.watch(connection)


class _Watched:
    """A connection that tells its thread's deadline which socket it has."""

    sock: Any

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        _watch(self.sock)

    def request(self, *arguments: Any, **options: Any) -> None:
        _watch(self.sock)  # of an earlier request; None before the first
        super().request(*arguments, **options)  # type: ignore[misc]


class WatchedConnection(_Watched, HTTPConnection):
    """HTTP within a `Deadline`."""


class WatchedTlsConnection(_Watched, HTTPSConnection):
    """HTTPS within a `Deadline`."""
