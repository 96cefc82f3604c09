"""Which setting of a codec makes a file of a given size."""

from __future__ import annotations

from typing import Callable, Optional


def largest_within(
    size_of: Callable[[int], float], settings: range, limit: float
) -> Optional[int]:
    """The largest of the settings whose file has at most `limit` bytes; None where none has.

    Args:
      size_of: setting -> bytes, which grow with the setting.
      settings: in steps of 1.
      limit: in bytes.
    """
    low, high = settings.start, settings.stop
    while low < high:
        middle = (low + high) // 2
        if size_of(middle) <= limit:
            low = middle + 1
        else:
            high = middle
    return low - 1 if low > settings.start else None
