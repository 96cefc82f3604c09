"""What the training world needs beyond the running world, and how to come by it."""

from __future__ import annotations

import sys

# As TRAINING_PYTHON in setup.py: on any other version the `train` extra leaves TensorFlow out.
_OLDEST_PYTHON, _NEWEST_PYTHON = (3, 9), (3, 11)


def explain(error: ModuleNotFoundError, python=sys.version_info[:2]) -> str:
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
            f"TensorFlow 2.14 has no release for Python {python[0]}.{python[1]}: take Python 3.9, "
            "3.10 or 3.11, and run there: pip install 'tfcomp[train]'"
        )
    return f"{package} is not installed; {cure}"
