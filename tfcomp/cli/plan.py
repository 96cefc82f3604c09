"""Turns the names on a command line into jobs: which file is read, and which is written.

    IN... -o OUT    OUT is the output: a file, '-', or a folder for the results of several inputs
    IN OUT          OUT is the output if it can be nothing else
    IN...           every output goes beside its input

A shell expands its pattern to every file that matches, so a second name counts as the output only
if it is new and ends like one, or if it exists and can be no input. All other cases are refused;
`-o` settles them.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tfcomp.errors import CodecError, OutputError
from tfcomp.folder_contents import PICTURE_SUFFIXES, files_in, holds_any, suffix_of

STANDARD_STREAM = "-"
COMPRESSED = ".tfcomp"


@dataclass(frozen=True)
class Job:
    """One file to make from another.

    Attributes:
      source: path, or "-" for standard input.
      target: path, or "-" for standard output.
      typed: whether the user said with -o that the target is the output. Only then, or with
        --force, is an existing file overwritten.
      listed: whether the source comes from a folder, where only regular files are taken.
    """

    source: str
    target: str
    typed: bool = False
    listed: bool = False

    @property
    def source_name(self) -> str:
        """The source's name in messages."""
        return "standard input" if self.source == STANDARD_STREAM else self.source

    @property
    def target_name(self) -> str:
        """The target's name in messages."""
        return "standard output" if self.target == STANDARD_STREAM else self.target


@dataclass(frozen=True)
class Plan:
    """The work of a command line.

    Attributes:
      jobs: what to do.
      several: whether there may be more than one file; then folders are made and totals printed.
      problems: a line about each input that gives no job.
    """

    jobs: list[Job]
    several: bool
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Direction:
    """The kinds of files that a command reads and writes.

    Attributes:
      takes: lower-case endings of the files to take from a folder.
      new_suffix: ending of the names that tfcomp chooses.
    """

    takes: Collection[str]
    new_suffix: str

    @property
    def compresses(self) -> bool:
        """Whether the results are .tfcomp files."""
        return self.new_suffix == COMPRESSED

    def makes(self, name: str) -> bool:
        """Whether a file of this name may hold what the command writes."""
        return (suffix_of(name) == COMPRESSED) == self.compresses


def plan(inputs: Sequence[str], output: str | None, direction: Direction, force: bool) -> Plan:
    """Plans the work for the names on the command line.

    Args:
      inputs: one or more.
      output: of -o.
      direction: the kinds of files it reads and writes.
      force: whether the user allows outputs to have any name.

    Raises:
      CodecError: the names do not fit together, or are ambiguous.
    """
    inputs = list(inputs)
    typed = output is not None
    if output is None and len(inputs) == 2 and _second_is_output(
        inputs[0], inputs[1], direction, force
    ):
        output = inputs.pop()
    if len(inputs) > 1 and STANDARD_STREAM in inputs:
        raise CodecError("standard input ('-') goes alone; name the other inputs in a second run")
    if output is None and len(inputs) > 2:
        _require_no_new_output(inputs[-1], direction)
    if len(inputs) == 1 and not os.path.isdir(inputs[0]):
        return Plan([_single_job(inputs[0], output, typed, direction, force)], several=False)
    return _many_jobs(inputs, output, direction, force)


def _second_is_output(first: str, second: str, direction: Direction, force: bool) -> bool:
    """Whether the user meant IN OUT and not IN IN. Raises OutputError if that is ambiguous."""
    if second == STANDARD_STREAM:
        return True
    if not os.path.lexists(second):
        return _new_name_is_output(first, second, direction, force)
    if os.path.isdir(second):
        if holds_any(second, direction.takes):
            raise OutputError(
                f"{second} holds inputs, so it may be one; say -o {second} if it is the output, or "
                "-o and another folder for the results of both"
            )
        return True
    if _is_stream(second) and (_is_device(second) or second in ("/dev/stdout", "/dev/stderr")):
        return True
    is_own = os.path.normpath(second) == os.path.normpath(_beside(first, direction))
    if is_own or (force and direction.makes(second)):
        return True
    if direction.makes(second) or not _is_file(second):
        raise OutputError(
            f"{second} exists and may not be meant as the output; say -o {second} if it is, or "
            "overwrite it with --force"
        )
    if os.path.isdir(first) and suffix_of(second) not in direction.takes:
        raise OutputError(
            f"{first} is a folder but {second} is a file; name a folder for the results with -o"
        )
    return False


def _new_name_is_output(first: str, second: str, direction: Direction, force: bool) -> bool:
    if os.path.isdir(first) and suffix_of(second) in PICTURE_SUFFIXES | {COMPRESSED}:
        raise OutputError(
            f"{second} does not exist, and what {first} holds does not go into one file; name "
            "another input, or a folder for the results"
        )
    if os.path.isdir(first) or direction.makes(second) or force:
        return True
    if direction.compresses:
        raise OutputError(
            f"{second} does not exist as an input, and does not end in {COMPRESSED} as an output "
            f"does; name the output {Path(second).stem}{COMPRESSED}, or insist with --force"
        )
    raise OutputError(
        f"{second} does not exist as an input, and images can't be written as '{COMPRESSED}'; name "
        "an output such as x.png"
    )


def _require_ending(output: str, direction: Direction) -> None:
    """Raises OutputError where -o names a file that should hold something else by its ending."""
    if direction.makes(output) or _is_stream(output):
        return
    other = f"{Path(output).stem}{COMPRESSED}" if direction.compresses else "another output"
    what = "does not end" if direction.compresses else "is for no image, it ends"
    raise OutputError(
        f"{output} {what} in {COMPRESSED}; name {other}, or insist on the name with --force"
    )


def _require_no_new_output(last: str, direction: Direction) -> None:
    """Raises OutputError if the last of several names is new and looks like an output."""
    if last != STANDARD_STREAM and not os.path.lexists(last) and direction.makes(last):
        is_like_output = suffix_of(last) in PICTURE_SUFFIXES | {COMPRESSED}
        if is_like_output and suffix_of(last) not in direction.takes:
            raise OutputError(
                f"{last} does not exist; several inputs go beside themselves, or into a folder "
                "named with -o"
            )


def _single_job(
    source: str, output: str | None, typed: bool, direction: Direction, force: bool
) -> Job:
    if source == STANDARD_STREAM:
        if output is not None and os.path.isdir(output):
            raise OutputError(f"{output} is a folder; name a file for what standard input gives")
        beside = STANDARD_STREAM
    else:
        beside = _beside(source, direction)
    if output is None:
        return Job(source, beside)
    if output == STANDARD_STREAM:
        return Job(source, output)
    if os.path.isdir(output):
        return Job(source, os.path.join(output, os.path.basename(beside)))
    if not force:
        _require_ending(output, direction)
    return Job(source, output, typed)


def _many_jobs(
    inputs: list[str], output: str | None, direction: Direction, force: bool
) -> Plan:
    if output is not None:
        _require_folder(inputs, output, force)
    found: list[tuple[str, str, bool]] = []  # source, target without its new ending, listed
    problems: list[str] = []
    for source in inputs:
        if not os.path.isdir(source):
            folder = os.path.dirname(source) if output is None else output
            found.append((source, os.path.join(folder, os.path.basename(source)), False))
            continue
        names = files_in(source, direction.takes)
        if not names:
            endings = ", ".join(sorted(direction.takes))
            problems.append(f"{source} holds no files ending in {endings}")
        if output is None:
            folder = os.path.abspath(source) + "-" + direction.new_suffix.lstrip(".")
        elif len(inputs) > 1:
            folder = os.path.join(output, os.path.basename(os.path.abspath(source)))
        else:
            folder = output
        found += [(os.path.join(source, n), os.path.join(folder, n), True) for n in names]
    if len(inputs) == 1 and problems:
        raise CodecError(problems[0])
    jobs = _jobs_of(found, direction.new_suffix)
    return Plan(jobs, several=True, problems=problems)


def _jobs_of(found: list[tuple[str, str, bool]], new_suffix: str) -> list[Job]:
    """Jobs with targets of their own, each source once. Raises OutputError where two would clash.

    A source that ends like a result does not affect the others' names; its own job reports it.
    """
    once: dict[str, tuple[str, str, bool]] = {}
    for each in found:
        once.setdefault(os.path.abspath(each[0]), each)
    results = {s: t for s, t, _ in once.values() if suffix_of(s) == new_suffix}
    named = [(s, t) for s, t, _ in once.values() if s not in results]
    targets = dict(zip((s for s, _ in named), _output_names([t for _, t in named], new_suffix)))
    uses: dict[str, str] = {}
    for source, target in targets.items():
        other = uses.setdefault(os.path.abspath(target), source)
        if other != source:
            raise OutputError(
                f"{other} and {source} would both become {target}; take them in two runs, with "
                "folders of their own"
            )
    targets.update(results)
    return [Job(s, targets[s], listed=listed) for s, _, listed in once.values()]


def _require_folder(inputs: list[str], output: str, force: bool) -> None:
    what = f"{inputs[0]} is a folder" if len(inputs) == 1 else "there are several inputs"
    if output == STANDARD_STREAM:
        raise OutputError(f"{what}; name a folder for the results, not '-'")
    if os.path.isdir(output):
        return
    if os.path.lexists(output):
        raise OutputError(f"{what} but {output} is a file; name a folder")
    if suffix_of(output) in PICTURE_SUFFIXES | {COMPRESSED} and not force:
        raise OutputError(f"{what}, and {output} is named like a file; name a folder")


def _output_names(names: list[str], new_suffix: str) -> list[str]:
    """Distinct names: where photo.png and photo.jpg lie side by side, both keep theirs whole."""
    short = [_renamed(name, new_suffix) for name in names]
    uses = Counter(short)
    whole = [name + new_suffix for name in names]
    outputs = [whole[i] if uses[short[i]] > 1 else short[i] for i in range(len(names))]
    return outputs if len(set(outputs)) == len(outputs) else whole


def _beside(source: str, direction: Direction) -> str:
    return _renamed(source, direction.new_suffix)


def _renamed(name: str, new_suffix: str) -> str:
    return str(Path(name).with_suffix(new_suffix)) if Path(name).name else name


def _is_device(path: str) -> bool:
    try:
        return stat.S_ISCHR(os.stat(path).st_mode)
    except OSError:
        return False


def _is_stream(path: str) -> bool:
    return os.path.exists(path) and not os.path.isdir(path) and not _is_file(path)


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False
