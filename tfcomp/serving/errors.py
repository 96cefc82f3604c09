"""Errors of a served codec: of one item, or of a whole request."""

from __future__ import annotations

from tfcomp.errors import CodecError


class ItemError(CodecError):
    """One item cannot be compressed or decompressed; the others of its batch are not touched.

    Attributes:
      index: its place in the batch, from 0; None where it was alone.
      name: its path, or "" where it has none.
      reason: what is wrong with it.
    """

    def __init__(self, index: int | None, name: str, reason: str) -> None:
        self.index = index
        self.name = name
        self.reason = reason
        # A reason may begin with the file's name.
        shown = "" if reason.startswith(name) else name
        if index is None:
            place = shown
        else:
            place = f"item {index} ({shown})" if shown else f"item {index}"
        super().__init__(f"{place}: {reason}" if place else reason)

    def __reduce__(self) -> tuple[type[ItemError], tuple[int | None, str, str]]:
        """Lets it pass between processes."""
        return type(self), (self.index, self.name, self.reason)


class ServingError(CodecError):
    """A request got no usable answer: no server there, a time-out, an unknown model."""


class UntoldError(ServingError):
    """A server does not say what its signatures are; it may answer them all the same."""


class BusyServingError(ServingError):
    """A request got no usable answer now; the same request may get one a moment later."""
