"""The elements of the pipeline, and the outcome of a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics


@dataclass(frozen=True)
class File:
    """A file's place under the collection's folder, with "/" between names, and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Failure:
    """A file that could not be compressed, and why, in one line."""

    name: str
    reason: str


class Outcome(NamedTuple):
    """The result of a step: a PCollection of `File`, and one of every `Failure` so far."""

    done: Any
    failed: Any


FAILED = "failed"


def with_failures(outputs: Any, earlier: Any) -> Outcome:
    """The outcome of a step with outputs "done" and FAILED, earlier steps' failures added."""
    return Outcome(outputs.done, (earlier, outputs[FAILED]) | beam.Flatten())


def counter(name: str) -> Any:
    """A Beam counter of the pipeline: images_read, bytes_in, bytes_out ..."""
    return Metrics.counter("tfcomp", name)
