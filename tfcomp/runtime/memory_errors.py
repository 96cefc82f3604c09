"""What is said where memory does not suffice."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tfcomp.errors import CodecError


@contextlib.contextmanager
def memory_errors_named() -> Iterator[None]:
    """Turns a MemoryError into a CodecError of one line."""
    try:
        yield
    except MemoryError:
        raise CodecError(
            "there is not enough memory for an image of this size; use a smaller one"
        ) from None
