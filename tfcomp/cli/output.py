"""What the commands print: results on standard output, remarks and errors on standard error."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Mapping
from typing import Any, TextIO


def complain(message: str) -> None:
    """One line on standard error, whatever the message holds."""
    _print_line(f"tfcomp: {printable(message)}", sys.stderr)


def remark(message: str) -> None:
    """One line on standard error about how far a long run is, as it stands."""
    _print_line(printable(message), sys.stderr)


def complain_about(name: str, error: BaseException) -> None:
    """Says what went wrong with a file, naming it once."""
    message = str(error) or type(error).__name__
    if isinstance(error, MemoryError):
        message = "there is not enough memory for an image of this size"
    complain(message if message.startswith(name) else f"{name}: {message}")


def print_result(
    line: str, record: Mapping[str, Any], as_json: bool, to_stderr: bool = False
) -> None:
    """Prints the line, or the record as one line of JSON.

    to_stderr: where standard output carries the image itself.
    """
    text = json.dumps(record) if as_json else printable(line)
    _print_line(text, sys.stderr if to_stderr else sys.stdout)


def printable(text: str) -> str:
    """The text on one line; a file's name may hold line breaks and terminal codes."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _print_line(line: str, stream: TextIO) -> None:
    with contextlib.ExitStack() as stack:
        if "tqdm" in sys.modules:  # takes a progress bar off the screen meanwhile
            stack.enter_context(sys.modules["tqdm"].tqdm.external_write_mode())
        print(line, file=stream, flush=True)
