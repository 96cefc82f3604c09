"""Locks and objects that survive a fork while other threads are running.

A child process has only the thread that forked, but the memory of all. A lock that another thread
holds would never be released there, and a network's helper threads are gone, so waiting for them
would not end. So a fork waits here until running work is done, a child finds every lock free, and
objects that it cannot use are told to make themselves anew.
"""

from __future__ import annotations

import ctypes
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

# Seconds that a fork waits for runs in other threads. After that it goes on: only the state of
# libraries is then less certain in the child.
_PATIENCE = 5.0
_PAUSE = 0.0005


class Lock:
    """A re-entrant lock, for `with`, that is free in every child.

    No other of these may be taken inside one: a fork takes all of them.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _locks[id(self)] = weakref.ref(self, _forgetting(_locks, id(self)))

    def __enter__(self) -> None:
        # A fork goes before the next run: otherwise it might wait for many of them.
        while _held and threading.get_ident() not in _held:
            time.sleep(_PAUSE)
        self._lock.acquire()

    def __exit__(self, *exception: object) -> None:
        self._lock.release()

    def _take(self, seconds: float) -> bool:
        return self._lock.acquire(timeout=seconds)

    def _give_back(self) -> None:
        self._lock.release()

    def _renew(self) -> None:
        self._lock = threading.RLock()


def call_in_children(method: Callable[[], None]) -> None:
    """Calls a bound method in every child, as long as its object lives."""
    key = id(method.__self__)  # type: ignore[attr-defined]
    _methods[key] = weakref.WeakMethod(method, _forgetting(_methods, key))


def never_free(thing: Any) -> None:
    """Keeps an object for ever, even when the process ends.

    For objects that have lost their threads: freeing them would wait for those.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


_locks: dict[int, weakref.ref[Lock]] = {}
_methods: dict[int, weakref.WeakMethod[Callable[[], None]]] = {}
_held: dict[int, list[Lock]] = {}  # by the number of the thread that forks


def _forgetting(registry: dict[int, Any], key: int) -> Callable[[Any], None]:
    def forget(reference: Any) -> None:
        if registry.get(key) is reference:  # another object may have this number by now
            del registry[key]

    return forget


def _living(registry: dict[int, Any]) -> list[Any]:
    found = [reference() for reference in list(registry.values())]
    return [thing for thing in found if thing is not None]


def _before() -> None:
    held = _held[threading.get_ident()] = []
    end = time.monotonic() + _PATIENCE
    for lock in _living(_locks):
        if lock._take(max(0.0, end - time.monotonic())):
            held.append(lock)


def _in_parent() -> None:
    for lock in _held.pop(threading.get_ident(), []):
        lock._give_back()


def _in_child() -> None:
    held = _held.pop(threading.get_ident(), [])
    _held.clear()  # those of other threads that were about to fork
    for lock in _living(_locks):
        if lock in held:
            lock._give_back()
        else:
            lock._renew()
    for method in _living(_methods):
        method()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
