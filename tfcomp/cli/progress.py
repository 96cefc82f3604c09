"""A progress line for a single picture that takes long."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator

from tfcomp.cli.output import printable

SECONDS_BEFORE = 2.0  # before the line appears
_SECONDS_BETWEEN = 0.5


@contextlib.contextmanager
def sign_of_life(
    name: str, unit: str = "step", shown: bool = True
) -> Iterator[Callable[[int, int], None]]:
    """Shows on a terminal the name of the work, the time so far, and how much is done.

    Args:
      name: of the work.
      unit: of the steps.
      shown: False shows nothing in any case.

    Yields:
      a function that takes the steps done and in all; until it is called, only the time is shown.
    """
    steps = [0, 0]

    def report(done: int, total: int) -> None:
        steps[:] = done, total

    if not (shown and sys.stderr.isatty()):
        yield report
        return
    ended = threading.Event()
    clock = threading.Thread(target=_tick, args=(name, unit, steps, ended), daemon=True)
    clock.start()
    try:
        yield report
    finally:
        ended.set()
        clock.join()


def terminal_size() -> tuple[int | None, int | None]:
    """Columns and rows for tqdm, which shows nothing on a terminal that does not tell them.

    None where tqdm finds them out itself.
    """
    try:
        known = all(os.get_terminal_size(sys.stderr.fileno()))
    except (OSError, ValueError, AttributeError):
        known = True  # no terminal
    return (None, None) if known else (80, 24)


def _tick(name: str, unit: str, steps: list[int], ended: threading.Event) -> None:
    from tqdm import tqdm

    if ended.wait(SECONDS_BEFORE):
        return
    known = "{desc}: {n_fmt} of {total_fmt} {unit}s, {elapsed}<{remaining} {bar}"
    unknown = "{desc}: {elapsed}"
    columns, rows = terminal_size()
    with tqdm(
        desc=printable(name), bar_format=unknown, leave=False, ncols=columns, nrows=rows, unit=unit
    ) as bar:
        bar.start_t -= SECONDS_BEFORE
        while True:
            done, total = steps
            if total:
                bar.bar_format, bar.total, bar.n = known, total, done
            bar.refresh()
            if ended.wait(_SECONDS_BETWEEN):
                return
