"""Compressing a collection on one machine or on many, with Apache Beam.

    with beam.Pipeline(options=options) as pipeline:
        pipeline | ReadImages("photos") | Compress("cycle", quality=4) | Write("compressed")

The same as a command: `python -m tfcomp.beam photos compressed --model cycle --quality 4`. Files
that a step cannot process are listed in `errors.jsonl`, among the results. Workers need tfcomp and
Beam, but no TensorFlow below effort 7.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOME_OF = {
    "Compress": "tfcomp.beam.compressing",
    "DoneIn": "tfcomp.beam.reading",
    "ReadImages": "tfcomp.beam.reading",
    "Write": "tfcomp.beam.writing",
    "remove_unfinished": "tfcomp.beam.replacing",
}

__all__ = ["Compress", "DoneIn", "ReadImages", "Write", "remove_unfinished"]

if TYPE_CHECKING:  # the same names, for editors and type checkers
    from tfcomp.beam.compressing import Compress
    from tfcomp.beam.reading import DoneIn, ReadImages
    from tfcomp.beam.replacing import remove_unfinished
    from tfcomp.beam.writing import Write


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'tfcomp.beam' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOME_OF[name]), name)
