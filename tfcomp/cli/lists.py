"""Options that take several values with commas between, such as `--codecs jpeg,webp`."""

from __future__ import annotations


def listed(text: str) -> list[str]:
    """The values of a list; none of an empty one."""
    return [value.strip() for value in text.split(",") if value.strip()]
