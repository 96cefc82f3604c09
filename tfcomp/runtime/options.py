"""Numbers that a caller gives as options: checked once, refused in one line."""

from __future__ import annotations

import math
import operator
from typing import Any

from tfcomp.errors import ConfigError

_LONGEST = 40


def whole_number(name: str, value: Any, least: int | None = None) -> int:
    """`value` as an int, NumPy's integers among what is taken; no float, no text, no bool.

    Args:
      name: what the error calls it.
      value: what was given.
      least: the smallest that is allowed.

    Raises:
      ConfigError: it is none, or below `least`.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise ConfigError(f"{name} must be a whole number, not {_shown(value)}") from None
    if least is not None and number < least:
        raise ConfigError(f"{name} must be {least} or more, not {number}")
    return number


def positive_number(name: str, value: Any) -> float:
    """`value` as a float above 0, not infinite.

    Raises:
      ConfigError: it is none.
    """
    try:
        if isinstance(value, (bool, str, bytes)):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(f"{name} must be a positive number, not {_shown(value)}") from None
    if not 0 < number < math.inf:
        raise ConfigError(f"{name} must be a positive number, not {_shown(value)}")
    return number


def _shown(value: Any) -> str:
    """Text in quotes, numbers and the like as they are, and the type's name of all else."""
    plain = value is None or isinstance(value, (bool, int, float, str, bytes))
    text = repr(value) if plain else f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
