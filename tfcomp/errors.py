"""Errors that tfcomp raises on purpose.

Each is a `CodecError`, which is a `ValueError`. Its message is one line that says what is wrong and
what to do next, so a command-line tool can print it unchanged.
"""

from __future__ import annotations

import sys
from collections.abc import Callable


class CodecError(ValueError):
    """Base of all errors that the input causes, not a bug."""


class BitstreamError(CodecError):
    """A compressed file is damaged, hostile, or of a kind that this version cannot read."""


class UnknownBundleError(CodecError):
    """A compressed file names a model bundle that is not installed."""


class BundleError(CodecError):
    """A bundle folder is incomplete or inconsistent."""


class ImageError(CodecError):
    """An input image cannot be read, or cannot be compressed as it is."""


class OutputError(CodecError):
    """A result cannot be written where it was asked for."""


class ConfigError(CodecError):
    """A configuration file or option has a value that cannot be used."""


def one_line(error: BaseException) -> str:
    """An exception's message in one line; the name of its type where it has none."""
    return " ".join(str(error).split()) or type(error).__name__


def exit_code_of(program: str, work: Callable[[], object]) -> int:
    """Runs a command's work.

    Returns:
      0; 2 where it ends in a `CodecError`, whose line goes to standard error after `program`.
    """
    try:
        work()
    except CodecError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 2
    return 0
