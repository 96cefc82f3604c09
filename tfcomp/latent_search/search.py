"""The search for one picture's file: the encoder's own, then rounds, then gradient descent.

    FileChoice -------> refine (descent/picture.py), if the plan has steps ----> file

Descent is the only part of compression that needs TensorFlow, and is imported on first use.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from tfcomp.bitstream.container import MAX_PIXELS
from tfcomp.errors import CodecError
from tfcomp.latent_search.effort import Plan, plan_of
from tfcomp.latent_search.file_choice import FileChoice
from tfcomp.latent_search.iterative_encoding import Improvement, Progress
from tfcomp.latent_search.searchable_codec import SearchableCodec
from tfcomp.latent_search.target import Target


class Search:
    """Finds the file of one picture.

    Args:
      codec: of the model.
      pixels: samples [H, W, channels].
      plan: how long to search.
      progress: called with rounds or steps done, and with their total.
    """

    def __init__(
        self, codec: SearchableCodec, pixels: np.ndarray, plan: Plan, progress: Progress | None
    ) -> None:
        self._steps, self._progress = plan.steps, progress
        self._choice = FileChoice(codec, pixels, plan.rounds, progress)

    def file(self, quality: float, max_bytes: int | None) -> bytes:
        """The file for a quality, or the best one within a limit of bytes.

        Raises:
          ImageError: none fits.
        """
        choice = self._choice
        data = choice.at(quality) if max_bytes is None else choice.within(max_bytes)
        if self._steps:
            data = open_descent().refine(choice, data, self._steps, max_bytes, self._progress)
        return data

    def reaching(self, target: Target) -> bytes:
        """The smallest file that is found whose decoded picture reaches a target.

        Descent starts from that file, and from a somewhat lower quality, which it may lift.

        Raises:
          ImageError: none reaches it.
        """
        choice = self._choice
        found = [choice.reaching(target)]
        if self._steps:
            for start in (found[0], *self._lower(found[0])):
                data = open_descent().refine(choice, start, self._steps, None, self._progress)
                decoded = choice.codec.decompress(data, MAX_PIXELS)
                if target.figure_of(decoded) >= target.least:
                    found.append(data)
        return min(found, key=len)

    def _lower(self, data: bytes) -> list[bytes]:
        """The file of the level below, or of a quarter of a level where the model knows such."""
        codec = self._choice.codec
        quality = codec.read_file(data, MAX_PIXELS).frames[0].images[0].level
        steps = codec.bundle.manifest.quality_steps
        lower = quality - max(1, steps // 4) / steps
        return [self._choice.at(lower)] if lower >= 1 else []

    def improvement(self, data: bytes) -> Improvement:
        """How a file compares with that of the encoder network alone."""
        return self._choice.improvement(data)


def checked_plan(
    codec: SearchableCodec, effort: int | None, feedback: int = 0, refine: int = 0
) -> Plan:
    """The plan of `plan_of`, if it can be carried out here.

    Raises:
      ConfigError: as `plan_of` does.
      CodecError: the plan has steps of gradient descent, and TensorFlow is not installed.
    """
    plan = plan_of(codec, effort, feedback, refine)
    if plan.steps:
        open_descent()
    return plan


def open_descent() -> ModuleType:
    """The module with `refine`.

    Raises:
      CodecError: TensorFlow is not installed.
    """
    try:
        from tfcomp.latent_search.descent import picture
    except ImportError as error:
        if (error.name or "").split(".")[0] == "tfcomp":
            raise
        raise CodecError(
            "refinement needs TensorFlow, which is not installed (it is for Python 3.9 to 3.13); "
            "take --effort 6 or less and leave --refine out, or run: pip install 'tfcomp[train]'"
        ) from None
    return picture
