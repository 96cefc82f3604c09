"""The side output: which files failed, and why."""

from __future__ import annotations

import dataclasses
import json

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems

from tfcomp.beam.elements import Failure

FILE_NAME = "errors.jsonl"


def errors_path(folder: str) -> str:
    """Where the failures go that are met while `folder` is filled."""
    return FileSystems.join(folder, FILE_NAME)


class WriteFailures(beam.PTransform):
    """Writes failures as lines of JSON, {"name": ..., "reason": ...}, in no order.

    Args:
      path: the file; it is replaced, and is empty where nothing failed.
    Takes a PCollection of `Failure`.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def expand(self, failures: beam.PCollection) -> beam.PCollection:
        return (
            failures
            | "As JSON" >> beam.Map(as_json)
            | beam.io.WriteToText(self._path, shard_name_template="", num_shards=1)
        )


def as_json(failure: Failure) -> str:
    """One line; what a name or reason has that is not ASCII is escaped."""
    return json.dumps(dataclasses.asdict(failure))
