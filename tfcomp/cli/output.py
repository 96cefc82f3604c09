"""What the commands print: results on standard output, remarks and errors on standard error."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from tfcomp.errors import OutputError


class StandardStreamError(OutputError):
    """Standard output is closed or full, so no later file can be reported either."""


def complain(message: str) -> None:
    """Writes one line to standard error; the line is lost where that is closed or full."""
    try:
        _print_line(f"tfcomp: {printable(message)}", sys.stderr)
    except OSError:
        sys.stderr = _nowhere()


def remark(message: str) -> None:
    """Writes one line about a long run's progress to standard error."""
    _print_line(printable(message), sys.stderr)


def complain_about(name: str, error: BaseException) -> None:
    """Says what went wrong with a file, naming it once."""
    message = str(error) or type(error).__name__
    if isinstance(error, MemoryError):
        message = "there is not enough memory for an image of this size"
    complain(message if message.startswith(name) else f"{name}: {message}")


def write_line(line: str) -> None:
    """One line on standard output.

    Raises:
      StandardStreamError: standard output is closed or full.
      BrokenPipeError: nobody reads it any more.
    """
    try:
        _print_line(line, sys.stdout)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StandardStreamError(
            f"standard output cannot be written: {error.strerror or error}; send it elsewhere"
        ) from None


def print_result(
    line: str, record: Mapping[str, Any], as_json: bool, to_stderr: bool = False
) -> None:
    """Prints the line, or the record as one line of JSON.

    Args:
      line: for people.
      record: for programs.
      as_json: which of them.
      to_stderr: where standard output carries the image itself.
    """
    text = json.dumps(record) if as_json else printable(line)
    if not to_stderr:
        write_line(text)
        return
    try:
        _print_line(text, sys.stderr)
    except OSError:
        sys.stderr = _nowhere()


def printable(text: str) -> str:
    """The text on one line, escaped: a file's name may hold line breaks and terminal codes."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def frames_in_words(count: int, milliseconds: int) -> str:
    """How many frames a sequence has and how long they are shown."""
    return f"{count} frame{'s' * (count != 1)} in {milliseconds / 1000:g} s"


def give_up_standard_output() -> None:
    """Replaces a broken standard output, which Python would flush again as it ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def open_closed_streams() -> bool:
    """Puts the null device where a standard stream is closed; returns whether output was open.

    Otherwise the next file that is opened gets the stream's number, and a library's output goes
    into it. Standard input stays None, so that its readers notice.
    """
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return True
    while True:
        descriptor = os.open(os.devnull, os.O_RDWR)
        if descriptor > 2:
            os.close(descriptor)
            break
    had_output = sys.stdout is not None
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    return had_output


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for as long as we run


def _print_line(line: str, stream: TextIO) -> None:
    with contextlib.ExitStack() as stack:
        if "tqdm" in sys.modules:  # hides the progress bar meanwhile
            stack.enter_context(sys.modules["tqdm"].tqdm.external_write_mode())
        print(line, file=stream, flush=True)
