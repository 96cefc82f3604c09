"""The middle step: images in, .tfcomp files out."""

from __future__ import annotations

from collections.abc import Iterator

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from apache_beam.utils.shared import Shared

from tfcomp.api import Codec, load
from tfcomp.beam.elements import FAILED, Failure, File, Outcome, counter, with_failures
from tfcomp.errors import CodecError


class Compress(beam.PTransform):
    """Compresses images.

    Args:
      model: name or path of a bundle that every worker has.
      quality: 1 (smallest) to the model's number of qualities; the model's default if None.
      threads: processors that one image may use. Beam's workers already share out the images.
    Takes and gives an `Outcome`: of `File` that hold images in any format that Pillow reads, and
    of `File` that hold .tfcomp files.
    """

    def __init__(self, model: str, quality: int | None = None, threads: int = 1) -> None:
        super().__init__()
        self._model, self._quality, self._threads = model, quality, threads

    def expand(self, images: Outcome) -> Outcome:
        work = _Compress(self._model, self._quality, self._threads)
        outputs = images.done | beam.ParDo(work).with_outputs(FAILED, main="done")
        return with_failures(outputs, images.failed)


class _Compress(beam.DoFn):
    def __init__(self, model: str, quality: int | None, threads: int) -> None:
        self._model, self._quality, self._threads = model, quality, threads
        self._shared = Shared()
        self._codec: Codec | None = None
        self._failed = counter("images_failed")

    def setup(self) -> None:
        # One for all threads of a process: it is safe to share, and its networks take memory.
        self._codec = self._shared.acquire(lambda: load(self._model, self._threads), self._model)

    def process(self, image: File) -> Iterator[File | TaggedOutput]:
        assert self._codec is not None
        try:
            data = self._codec.compress(image.content, self._quality)
        except CodecError as error:
            reason = str(error).replace("the input", image.name, 1)
        except MemoryError:
            reason = "there is not enough memory for an image of this size"
        else:
            yield File(image.name, data)
            return
        self._failed.inc()
        yield TaggedOutput(FAILED, Failure(image.name, reason))
