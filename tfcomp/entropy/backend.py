"""The entropy backend: TensorFlow Compression, or tfcomp's own implementation.

TensorFlow Compression exists for TensorFlow 2.14 only. Where it is installed it is the default; the
environment variable TFCOMP_ENTROPY_BACKEND (tfc or own) overrides that. Both have the same weights
by the same names, the same tables to 1 / 65536, and the same bytes.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
from collections.abc import Iterator
from types import ModuleType

from tfcomp.errors import ConfigError

ENVIRONMENT_VARIABLE = "TFCOMP_ENTROPY_BACKEND"
NAMES = ("tfc", "own")


_chosen: str | None = None


@contextlib.contextmanager
def chosen(name: str) -> Iterator[None]:
    """Makes a backend the default inside the `with` block; "auto" changes nothing."""
    global _chosen
    outside, _chosen = _chosen, (_chosen if name == "auto" else name)
    try:
        yield
    finally:
        _chosen = outside


def has_tfc() -> bool:
    """Whether TensorFlow Compression is installed."""
    return importlib.util.find_spec("tensorflow_compression") is not None


def backend(name: str | None = None) -> ModuleType:
    """The module of a backend: tfcomp/entropy/tfc_backend.py or own_backend.py.

    Args:
      name: "tfc" or "own". If None, the one of `chosen`, of the environment variable, or the
        default, whichever is there first.

    Raises:
      ConfigError: there is no such backend, or it is not installed.
    """
    name = name or _chosen or os.environ.get(ENVIRONMENT_VARIABLE)
    name = name or ("tfc" if has_tfc() else "own")
    if name not in NAMES:
        raise ConfigError(f"the entropy backend is one of {', '.join(NAMES)}, not '{name}'")
    if name == "tfc" and not has_tfc():
        raise ConfigError(
            "the entropy backend 'tfc' needs tensorflow-compression, which runs on TensorFlow 2.14 "
            "(Python 3.9 to 3.11): leave the backend out to take tfcomp's own"
        )
    return importlib.import_module(f"tfcomp.entropy.{name}_backend")
