"""News of what a codec multiplies, for who counts it: see `tfcomp/evaluation/macs.py`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np


class Observer(Protocol):
    """Hears of all that runs, on every thread of the process."""

    def network_ran(
        self, content: bytes, signature: str, inputs: Mapping[str, np.ndarray]
    ) -> None:
        """A signature of a TFLite file ran on these inputs."""

    def multiplied(self, count: int) -> None:
        """So many multiply-adds were made outside networks."""


observers: list[Observer] = []


@contextlib.contextmanager
def observed_by(observer: Observer) -> Iterator[None]:
    """While it lasts, the observer hears of everything."""
    observers.append(observer)
    try:
        yield
    finally:
        observers.remove(observer)
