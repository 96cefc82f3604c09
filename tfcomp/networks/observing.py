"""Observers of a codec's multiplications, which `tfcomp/evaluation/macs.py` counts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np


class Observer(Protocol):
    """Is told of everything that runs, on every thread of the process."""

    def network_ran(self, content: bytes, signature: str, inputs: Mapping[str, np.ndarray]) -> None:
        """A signature of a TFLite file ran on these inputs."""

    def multiplied(self, count: int) -> None:
        """Multiply-adds were made outside networks."""


observers: list[Observer] = []


@contextlib.contextmanager
def observed_by(observer: Observer) -> Iterator[None]:
    """Tells the observer of everything that runs in the `with` block."""
    observers.append(observer)
    try:
        yield
    finally:
        observers.remove(observer)
