"""The side output: which files failed, and why."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.pvalue import AsIter

from tfcomp.beam.elements import Failure
from tfcomp.beam.replacing import replace

FILE_NAME = "errors.jsonl"


def errors_path(folder: str) -> str:
    """The file of failures in a folder of results."""
    return FileSystems.join(folder, FILE_NAME)


class WriteFailures(beam.PTransform):
    """Writes failures as lines of JSON, {"name": ..., "reason": ...}, in no order.

    Args:
      path: the file; it is replaced, and is empty where nothing failed.
    Takes a PCollection of `Failure`; gives one of the path.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def expand(self, failures: beam.PCollection) -> beam.PCollection:
        lines = failures | "As JSON" >> beam.Map(as_json)
        # Not Beam's text writer: when killed it leaves files beside the results.
        start = failures.pipeline | "One file" >> beam.Create([self._path])
        return start | "Write lines" >> beam.Map(write_lines, AsIter(lines))


def write_lines(path: str, lines: Iterable[str]) -> str:
    """Writes a text file whole or not at all; returns its path."""
    replace(path, (f"{line}\n".encode() for line in lines), FileSystems.split(path)[0])
    return path


def as_json(failure: Failure) -> str:
    """One line of JSON, with non-ASCII characters escaped."""
    return json.dumps(dataclasses.asdict(failure))
