"""Checks numbers that a caller gives as options."""

from __future__ import annotations

import math
import operator
from typing import Any

from tfcomp.errors import ConfigError

_LONGEST = 40


def whole_number(name: str, value: Any, least: int | None = None) -> int:
    """`value` as an int, of Python's or NumPy's integers; no float, no text, no bool.

    Raises:
      ConfigError: it is not an integer, or below `least`; the error calls it `name`.
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
    """`value` as a finite float above 0.

    Raises:
      ConfigError: it is not; the error calls it `name`.
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
    """Text in quotes, numbers as they are, and the name of any other type."""
    plain = value is None or isinstance(value, (bool, int, float, str, bytes))
    text = repr(value) if plain else f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
