"""The way to tfcomp.refinement, the one part of compression that needs TensorFlow.

It is imported by name and only when refinement is asked for: the running world knows no TensorFlow.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from tfcomp.errors import CodecError, ConfigError
from tfcomp.runtime.options import whole_number


def open_refinement(steps: int) -> ModuleType | None:
    """The module with `refine` of tfcomp/refinement/picture.py; None for 0 steps.

    Raises:
      ConfigError: a number of steps below 0.
      CodecError: TensorFlow is not installed.
    """
    steps = whole_number("refine", steps)
    if steps < 0:
        raise ConfigError(f"refinement takes 0 steps or more, not {steps}")
    if not steps:
        return None
    try:
        return importlib.import_module("tfcomp.refinement.picture")
    except ImportError as error:
        if (error.name or "").split(".")[0] == "tfcomp":
            raise
        raise CodecError(
            "refinement needs TensorFlow, which is not installed (it is for Python 3.9 to 3.11); "
            "leave --refine out, or run: pip install 'tfcomp[train]'"
        ) from None
