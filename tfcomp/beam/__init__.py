"""Compressing a collection on one machine or on many, with Apache Beam.

    with beam.Pipeline(options=options) as pipeline:
        pipeline | ReadImages("photos") | Compress("cycle", quality=4) | Write("compressed")

The same as a command: `python -m tfcomp.beam photos compressed --model cycle --quality 4`. What a
step cannot do with a file goes beside the others, to `errors.jsonl`. Workers need tfcomp and Beam,
and no TensorFlow.
"""

from tfcomp.beam.compressing import Compress
from tfcomp.beam.reading import DoneIn, ReadImages
from tfcomp.beam.replacing import remove_unfinished
from tfcomp.beam.writing import Write

__all__ = ["Compress", "DoneIn", "ReadImages", "Write", "remove_unfinished"]
