"""The middle step: images in, .tfcomp files out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from apache_beam.utils.shared import Shared

from tfcomp.api import Codec, load
from tfcomp.beam.elements import FAILED, Failure, File, Outcome, counter, with_failures
from tfcomp.errors import CodecError
from tfcomp.runtime.image_input import read_image
from tfcomp.runtime.manifest import Manifest
from tfcomp.runtime.model_input import read_for

_log = logging.getLogger("tfcomp")


class Compress(beam.PTransform):
    """Compresses images.

    Args:
      model: name or path of a bundle that every worker has.
      quality: 1 (smallest) to the model's number of qualities; the model's default if None.
      threads: processors that one image may use. Beam's workers already share out the images.
      effort: 0 to 9, how long to search for a better picture for its bits (docs/effort.md). From 7
        on every worker needs TensorFlow.
    Takes and gives an `Outcome`: of `File` that hold images in any format that Pillow reads (for a
    model of other pictures than 8-bit RGB .npy, TIFF and PNG of its own samples: read them with
    `ReadImages(source, suffixes=SAMPLE_SUFFIXES)`), and of `File` that hold .tfcomp files.
    """

    def __init__(
        self, model: str, quality: int | None = None, threads: int = 1, effort: int = 0
    ) -> None:
        super().__init__()
        self._work = _Compress(model, quality, threads, effort)

    def expand(self, images: Outcome) -> Outcome:
        outputs = images.done | beam.ParDo(self._work).with_outputs(FAILED, main="done")
        return with_failures(outputs, images.failed)


class _Compress(beam.DoFn):
    def __init__(self, model: str, quality: int | None, threads: int, effort: int) -> None:
        self._model, self._threads = model, threads
        self._quality, self._effort = quality, effort
        self._shared = Shared()
        self._codec: Codec | None = None
        self._failed = counter("images_failed")

    def setup(self) -> None:
        # One for all threads of a process: it is safe to share, and its networks take memory.
        self._codec = self._shared.acquire(lambda: load(self._model, self._threads), self._model)

    def process(self, image: File) -> Iterator[File | TaggedOutput]:
        assert self._codec is not None
        try:
            pixels = _pixels_of(image, self._codec.bundle.manifest)
            data = self._codec.compress(pixels, self._quality, effort=self._effort)
        except CodecError as error:
            reason = str(error).replace("the input", image.name, 1)
        except MemoryError:
            reason = "there is not enough memory for an image of this size"
        else:
            yield File(image.name, data)
            return
        self._failed.inc()
        yield TaggedOutput(FAILED, Failure(image.name, reason))


def _pixels_of(image: File, manifest: Manifest) -> Any:
    """What `Codec.compress` takes of a file: RGB on white, or the model's own samples."""
    if manifest.image.is_rgb8:
        return read_image(image.content, manifest.max_pixels).pixels
    given = read_for(manifest, image.content)
    for note in given.notes:
        _log.warning("%s: %s", image.name, note)
    return given
