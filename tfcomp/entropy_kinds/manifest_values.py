"""Values of manifest.json, checked; a message shows a wrong one in one line, whatever its size."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from typing import Any

from tfcomp.errors import BundleError

MAX_ROWS = 2**31 - 1

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 60


def short(value: Any) -> str:
    """The value as messages show it: a line, whatever its size and depth."""
    return _repr.repr(value)


def whole(values: Mapping[str, Any], key: str, low: int, high: int) -> int:
    """The integer of that name. Raises BundleError: it is absent, something else or outside."""
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BundleError(f"manifest.json: {key} must be from {low} to {high}, not {short(value)}")
    return value


def counts(values: Mapping[str, Any], key: str) -> list[int]:
    """The list of integers from 1, at least one. Raises BundleError: it is absent or another."""
    numbers = values.get(key)
    if (
        not isinstance(numbers, list)
        or not numbers
        or not all(type(n) is int and 1 <= n <= MAX_ROWS for n in numbers)
    ):
        raise BundleError(f"manifest.json: entropy: {key} must be a list of whole numbers")
    return numbers
