"""The search for one picture's file: the encoder's own, then rounds, then gradient descent.

    FileChoice -------> refine (descent/picture.py), where steps are asked for ----> file

Descent is the one part of compression that needs TensorFlow, and is imported when asked for.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from tfcomp.errors import CodecError, ConfigError
from tfcomp.latent_search.file_choice import FileChoice
from tfcomp.latent_search.iterative_encoding import Improvement, Progress
from tfcomp.latent_search.searchable_codec import SearchableCodec
from tfcomp.runtime.options import whole_number


class Search:
    """Finds the file of one picture.

    Args:
      codec: the model's.
      pixels: uint8 [H, W, 3].
      rounds: against the decoded picture.
      steps: of gradient descent.
      progress: called with rounds or steps done, and with those in all.
    """

    def __init__(
        self,
        codec: SearchableCodec,
        pixels: np.ndarray,
        rounds: int,
        steps: int,
        progress: Progress | None,
    ) -> None:
        self._steps, self._progress = steps, progress
        self._choice = FileChoice(codec, pixels, rounds, progress)

    def file(self, quality: int, max_bytes: int | None) -> bytes:
        """The file for a quality, or the best one of at most so many bytes.

        Raises:
          ImageError: none fits.
        """
        choice = self._choice
        data = choice.at(quality) if max_bytes is None else choice.within(max_bytes)
        if self._steps:
            data = open_descent().refine(choice, data, self._steps, max_bytes, self._progress)
        return data

    def improvement(self, data: bytes) -> Improvement:
        """What a file is beside the one that the encoder network alone makes."""
        return self._choice.improvement(data)


def checked_steps(steps: int) -> int:
    """The steps of gradient descent that were asked for.

    Raises:
      ConfigError: less than 0.
      CodecError: TensorFlow is not installed, and some were asked for.
    """
    steps = whole_number("refine", steps)
    if steps < 0:
        raise ConfigError(f"refinement takes 0 steps or more, not {steps}")
    if steps:
        open_descent()
    return steps


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
            "refinement needs TensorFlow, which is not installed (it is for Python 3.9 to 3.11); "
            "leave --refine out, or run: pip install 'tfcomp[train]'"
        ) from None
    return picture
