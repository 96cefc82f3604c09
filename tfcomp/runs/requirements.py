"""What the training world needs beyond the running world, and how to come by it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import sys
from collections.abc import Iterator

from tfcomp.errors import CodecError

# As in setup.py: on any other version the `train` extra leaves TensorFlow out.
_OLDEST_PYTHON, _NEWEST_PYTHON = (3, 9), (3, 13)
_OLDEST_TENSORFLOW, _FIRST_WITH_KERAS_3 = (2, 14), (2, 16)


def explain(error: ModuleNotFoundError, python: tuple[int, int] = sys.version_info[:2]) -> str:
    """One line about a package of the `train` extra that is not installed, and what to do.

    Raises the error itself where it is a module of tfcomp: no installing helps there.
    """
    package = (error.name or "").split(".")[0]
    if package in ("", "tfcomp"):
        raise error
    if _OLDEST_PYTHON <= tuple(python) <= _NEWEST_PYTHON:
        cure = "run: pip install 'tfcomp[train]'"
    else:
        cure = (
            f"TensorFlow has no release for Python {python[0]}.{python[1]}: take Python 3.9 to "
            "3.13, and run there: pip install 'tfcomp[train]'"
        )
    return f"{package} is not installed; {cure}"


@contextlib.contextmanager
def named() -> Iterator[None]:
    """Whatever is not installed, or too old, is a CodecError that says what to do."""
    check()
    try:
        yield
    except ModuleNotFoundError as error:
        raise CodecError(explain(error)) from None


def check() -> None:
    """Looks at what is installed before TensorFlow is loaded, which fails with riddles.

    Raises:
      CodecError: TensorFlow is too old, or tf-keras stands in the place of Keras 3.
    """
    try:
        text = importlib.metadata.version("tensorflow")
    except importlib.metadata.PackageNotFoundError:
        return  # under another name, or not at all: its import will tell
    version = tuple(int(part) for part in text.split(".")[:2])
    if version < _OLDEST_TENSORFLOW:
        raise CodecError(
            f"TensorFlow {text} is too old: run: pip install --upgrade 'tfcomp[train]'"
        )
    legacy = os.environ.get("TF_USE_LEGACY_KERAS", "").lower() in ("1", "true")
    if legacy and version >= _FIRST_WITH_KERAS_3:
        raise CodecError(
            "TF_USE_LEGACY_KERAS puts tf-keras in the place of Keras 3, which tfcomp needs on "
            f"TensorFlow {text}: run: unset TF_USE_LEGACY_KERAS"
        )
