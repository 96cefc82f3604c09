"""Runs the jobs of a plan: reads, checks before the work, writes, prints totals."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from tfcomp.bitstream.container import MAGIC
from tfcomp.cli.output import (
    StandardStreamError,
    complain,
    complain_about,
    print_result,
    printable,
    write_line,
)
from tfcomp.cli.plan import STANDARD_STREAM, Direction, Job, Plan
from tfcomp.cli.progress import terminal_size
from tfcomp.errors import CodecError, ImageError, OutputError
from tfcomp.folder_contents import is_regular, suffix_of
from tfcomp.runtime.atomic_file import write_atomically
from tfcomp.runtime.unfinished import sweep_unfinished


def add_names(parser: argparse.ArgumentParser, inputs: str) -> None:
    """Adds the arguments that name files, as `plan` takes them.

    Args:
      parser: of the subcommand.
      inputs: what they may be, for help.
    """
    parser.add_argument("inputs", metavar="IN", nargs="+", help=inputs)
    parser.add_argument(
        "-o", "--output", metavar="OUT", help="file or -; folder for what several inputs give"
    )


def add_writing(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `run_jobs`."""
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument("-f", "--force", action="store_true", help="overwrite existing files")
    existing.add_argument(
        "--skip-existing", action="store_true", help="what is there already counts as done"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a file")


def run_jobs(
    todo: Plan,
    direction: Direction,
    work: Callable[[Job, Callable[[bytes], None]], Mapping[str, Any]],
    *,
    force: bool = False,
    skip_existing: bool = False,
    as_json: bool = False,
) -> int:
    """Runs the jobs one by one; several get a progress bar and a last line of totals.

    A job that fails is reported and the others go on.

    Args:
      todo: the jobs.
      direction: what the command takes and makes.
      work: takes a job and a function that writes its result, and returns a record with
        "input_bytes" and "bytes".
      force: overwrite existing files.
      skip_existing: leave existing outputs as they are.
      as_json: no line of totals.

    Returns:
      the exit code.
    """
    from tqdm import tqdm

    before = after = failed = skipped = 0
    swept: set[str] = set()
    hidden = None if todo.several else True  # None: hidden where there is no terminal
    for problem in todo.problems:
        complain(problem)
    columns, rows = terminal_size()
    for job in tqdm(
        todo.jobs, unit="image", delay=1, disable=hidden, leave=False, ncols=columns, nrows=rows
    ):
        try:
            if skip_existing and _is_done(job, direction):
                skipped += 1
                if as_json or not todo.several:
                    _say_done(job, as_json)
                continue
            if job.target != STANDARD_STREAM:
                _make_ready(job, todo.several, swept)
            overwrite = _checked_target(job, direction, force)
            record = work(job, partial(_write, job, overwrite))
        except (BrokenPipeError, StandardStreamError):
            raise
        except (CodecError, OSError, MemoryError) as error:
            complain_about(job.source_name, error)
            failed += 1
        else:
            before, after = before + record["input_bytes"], after + record["bytes"]
    failed += len(todo.problems)
    if todo.several and not as_json:
        made = len(todo.jobs) - (failed - len(todo.problems)) - skipped
        line = f"{made} file{'s' * (made != 1)}: {before} -> {after} bytes"
        if skipped:
            line += f"; {skipped} {'were' if skipped > 1 else 'was'} done already"
        write_line(line)
    if todo.several and failed:
        complain(f"{failed} of {len(todo.jobs) + len(todo.problems)} files failed")
    return 2 if failed else 0


def read_standard_input(limit: int) -> bytes:
    """At most `limit` bytes of standard input.

    Raises:
      CodecError: it is closed.
    """
    if sys.stdin is None:
        raise CodecError("standard input is closed; send a file into it with <")
    return sys.stdin.buffer.read(limit)


def read_stream_or(path: str, read: Callable[[str], bytes], limit: int) -> bytes:
    """Reads standard input if the path is "-", else calls `read` with it."""
    return read_standard_input(limit) if path == STANDARD_STREAM else read(path)


def require_regular(job: Job) -> None:
    """Raises unless it is a regular file: opening a pipe would wait for its other end."""
    if job.listed and not is_regular(job.source):
        raise ImageError(f"{job.source} is no regular file; name it by itself to read a stream")


def _write(job: Job, overwrite: bool, data: bytes) -> None:
    """Writes a job's result, all or nothing. Raises OutputError."""
    if job.target != STANDARD_STREAM:
        write_atomically(job.target, data, overwrite=overwrite, follow_links=job.typed)
        return
    if sys.stdout.isatty():
        raise OutputError("standard output is a terminal; name a file, or send it into one with >")
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _is_done(job: Job, direction: Direction) -> bool:
    """Whether the job's result exists, or its input is a result itself."""
    if job.target == STANDARD_STREAM:
        return False
    if direction.compresses and suffix_of(job.source) == direction.new_suffix:
        return _starts_like_compressed(job.source)
    if direction.compresses:
        return _starts_like_compressed(job.target)
    return os.path.isfile(job.target) and os.path.getsize(job.target) > 0


def _starts_like_compressed(path: str) -> bool:
    if path == STANDARD_STREAM or not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _say_done(job: Job, as_json: bool) -> None:
    record = {"input": job.source, "output": job.target, "done_already": True}
    print_result(f"{printable(job.target_name)} is done already", record, as_json)


def _make_ready(job: Job, may_make_folder: bool, swept: set[str]) -> None:
    folder = os.path.dirname(job.target) or "."
    if may_make_folder:
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot make folder {folder}: {error.strerror}") from None
    if folder not in swept:
        swept.add(folder)
        sweep_unfinished(folder)


def _checked_target(job: Job, direction: Direction, force: bool) -> bool:
    """Checks the target before the work is done.

    Returns whether a file that exists under the target's name by then may be overwritten.
    """
    if job.target == STANDARD_STREAM:
        return True
    parent = os.path.dirname(job.target) or "."
    if not os.path.isdir(parent):
        raise OutputError(f"cannot write {job.target}: {parent} is not a folder; make it first")
    if not os.path.lexists(job.target):
        return force
    both_exist = job.source != STANDARD_STREAM and os.path.exists(job.source)
    if both_exist and os.path.exists(job.target) and os.path.samefile(job.source, job.target):
        suffix = os.path.splitext(job.source)[1]
        if job.typed or os.path.abspath(job.source) != os.path.abspath(job.target):
            raise OutputError(f"{job.target} is the input itself; name another output")
        raise OutputError(
            f"{job.source} already ends in {suffix}; leave it out, or name the output with -o"
        )
    if os.path.isdir(job.target):
        raise OutputError(f"cannot write {job.target}: it is a folder; name a file")
    if force or not is_regular(job.target):
        return True
    if not os.path.exists(job.target):
        raise OutputError(
            f"{job.target} exists, a link to nothing; name another output, or replace the link "
            "with --force"
        )
    if not job.typed:
        raise OutputError(
            f"{job.target} exists; name another output, overwrite it with --force, or leave it "
            "with --skip-existing"
        )
    if direction.compresses and _is_image(job.target):
        raise OutputError(f"{job.target} is an image; name another, or overwrite it with --force")
    return True


def _is_image(path: str) -> bool:
    from tfcomp.images.opening import open_image

    try:
        with open_image(path):
            return True
    except Exception:  # noqa: BLE001
        # Pillow's readers raise many types of errors for files that are not images.
        return False
