"""From the IN and OUT of a command line to pairs of files, and reading and writing them."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfcomp.cli.output import complain, complain_about
from tfcomp.errors import CodecError, OutputError
from tfcomp.runtime.atomic_file import write_atomically

STANDARD_STREAM = "-"


@dataclass(frozen=True)
class Job:
    """One file to make out of another.

    source, target: paths, or "-" for standard input and output.
    may_overwrite: whether the user typed the target's very name. Only then, or with --force, is an
      existing file overwritten.
    """

    source: str
    target: str
    may_overwrite: bool

    @property
    def source_name(self) -> str:
        """The source as messages call it."""
        return "standard input" if self.source == STANDARD_STREAM else self.source

    @property
    def target_name(self) -> str:
        """The target as messages call it."""
        return "standard output" if self.target == STANDARD_STREAM else self.target


@dataclass(frozen=True)
class Plan:
    """jobs: what to do. from_folder: whether IN is a folder, so that OUT's folders are made."""

    jobs: list[Job]
    from_folder: bool


def plan(source: str, target: str | None, new_suffix: str, suffixes: Collection[str]) -> Plan:
    """What IN and OUT ask for.

    new_suffix: ending of the names that are made up here. suffixes: lower-case endings of the files
    to take from a folder. Raises CodecError where IN and OUT do not go together.
    """
    if source != STANDARD_STREAM and os.path.isdir(source):
        return Plan(_folder_jobs(source, target, new_suffix, suffixes), from_folder=True)
    return Plan([_single_job(source, target, new_suffix)], from_folder=False)


def run_jobs(todo: Plan, force: bool, quiet: bool, work: Callable[[Job], Mapping[str, Any]]) -> int:
    """Does the jobs one by one, with a progress bar and a last line of totals for a folder.

    A job that fails is reported and the others go on. quiet: no line of totals. work: makes the
    target and returns a record with "input_bytes" and "bytes". Returns the exit code.
    """
    from tqdm import tqdm

    before = after = failed = 0
    hidden = None if todo.from_folder else True  # None: hidden where nobody watches
    for job in tqdm(todo.jobs, unit="image", delay=1, disable=hidden, leave=False):
        try:
            if todo.from_folder:
                _make_folder(os.path.dirname(job.target))
            _check_target(job, force)
            record = work(job)
        except BrokenPipeError:
            raise
        except (CodecError, OSError, MemoryError) as error:
            complain_about(job.source_name, error)
            failed += 1
        else:
            before, after = before + record["input_bytes"], after + record["bytes"]
    if todo.from_folder and not quiet:
        print(f"{len(todo.jobs) - failed} files: {before} -> {after} bytes")
    if todo.from_folder and failed:
        complain(f"{failed} of {len(todo.jobs)} files failed")
    return 2 if failed else 0


def read_stream_or(path: str, read: Callable[[str], bytes], limit: int) -> bytes:
    """At most `limit` bytes of standard input if the path is "-", else what `read` makes of it."""
    return sys.stdin.buffer.read(limit) if path == STANDARD_STREAM else read(path)


def write_output(job: Job, data: bytes) -> None:
    """Writes a job's result, all or nothing. Raises OutputError."""
    if job.target != STANDARD_STREAM:
        write_atomically(job.target, data)
        return
    if sys.stdout.isatty():
        raise OutputError("standard output is a terminal; name a file, or send it into one with >")
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _check_target(job: Job, force: bool) -> None:
    """What can be known to go wrong before the work is done."""
    if job.target == STANDARD_STREAM:
        return
    parent = os.path.dirname(job.target) or "."
    if not os.path.isdir(parent):
        raise OutputError(f"cannot write {job.target}: {parent} is not a folder; make it first")
    if not os.path.exists(job.target):
        return
    both_exist = job.source != STANDARD_STREAM and os.path.exists(job.source)
    if both_exist and os.path.samefile(job.source, job.target):
        if job.may_overwrite:
            raise OutputError(f"{job.target} is the input itself; name another output")
        suffix = os.path.splitext(job.source)[1]
        raise OutputError(f"{job.source} already ends in {suffix}; name the output")
    if not job.may_overwrite and not force:
        raise OutputError(f"{job.target} exists; name the output, or overwrite it with --force")


def _make_folder(folder: str) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make folder {folder}: {error.strerror}") from None


def _single_job(source: str, target: str | None, new_suffix: str) -> Job:
    if source == STANDARD_STREAM:
        if target is not None and os.path.isdir(target):
            raise OutputError(f"{target} is a folder; name a file for what standard input gives")
        return Job(source, target or STANDARD_STREAM, may_overwrite=True)
    renamed = Path(source).with_suffix(new_suffix) if Path(source).name else Path(source)
    if target is None:
        return Job(source, str(renamed), may_overwrite=False)
    if target != STANDARD_STREAM and os.path.isdir(target):
        return Job(source, os.path.join(target, renamed.name), may_overwrite=False)
    return Job(source, target, may_overwrite=True)


def _folder_jobs(
    source: str, target: str | None, new_suffix: str, suffixes: Collection[str]
) -> list[Job]:
    if target == STANDARD_STREAM:
        raise OutputError(f"{source} is a folder; name a folder for its files, not '-'")
    if target is None:
        target = os.path.abspath(source) + "-" + new_suffix.lstrip(".")
    if os.path.exists(target) and not os.path.isdir(target):
        raise OutputError(f"{source} is a folder but {target} is a file; name a folder")
    names = [name for name in _walk(source) if Path(name).suffix.lower() in suffixes]
    if not names:
        raise CodecError(f"{source} holds no files ending in {', '.join(sorted(suffixes))}")
    return [
        Job(os.path.join(source, name), os.path.join(target, output), may_overwrite=False)
        for name, output in zip(names, _output_names(names, new_suffix))
    ]


def _output_names(names: list[str], new_suffix: str) -> list[str]:
    """Distinct names: where photo.png and photo.jpg lie side by side, both keep theirs whole."""
    short = [str(Path(name).with_suffix(new_suffix)) for name in names]
    uses = Counter(short)
    whole = [name + new_suffix for name in names]
    outputs = [whole[i] if uses[short[i]] > 1 else short[i] for i in range(len(names))]
    return outputs if len(set(outputs)) == len(outputs) else whole


def _walk(folder: str) -> Iterator[str]:
    """Paths of all files under a folder, relative to it, in order of name."""

    def unreadable(error: OSError) -> None:
        raise CodecError(f"{error.filename} cannot be read: {error.strerror}")

    for parent, folders, files in os.walk(folder, onerror=unreadable):
        folders.sort()
        for file in sorted(files):
            yield os.path.relpath(os.path.join(parent, file), folder)
