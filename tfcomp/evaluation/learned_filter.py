"""The learned post-filter: a TFLite network in the runtime's interpreter.

`python -m lab.post_filter`, a command of the repository, trains it; its model card lies beside it.
"""

from __future__ import annotations

import functools
import importlib.resources
import os
from pathlib import Path

import numpy as np

from tfcomp.errors import CodecError
from tfcomp.networks.interpreter import Model, Network
from tfcomp.networks.tiles import run_tiled

ENVIRONMENT_VARIABLE = "TFCOMP_POST_FILTER"
_BLOCK = 2  # the network takes sides that are multiples of this
# Four 3x3 convolutions at half the resolution.
_REACH_BLOCKS = 4


class LearnedFilter:
    """A network that filters decoded pixels."""

    def __init__(self, content: bytes, num_threads: int = 1) -> None:
        """Loads the network.

        Args:
          content: a TFLite file with a signature "enhance".
          num_threads: of the network; all that the process may use if None.
        """
        model = Model(content, num_threads, "the learned post-filter")
        self._network = Network(model, "enhance", "image")

    @classmethod
    def installed(cls) -> LearnedFilter:
        """The network that the environment names, else the one that comes with the package.

        Raises:
          CodecError: there is none.
        """
        named = os.environ.get(ENVIRONMENT_VARIABLE)
        folder = importlib.resources.files("tfcomp.evaluation").joinpath("post_filters")
        return _read(named or str(folder.joinpath("jpeg.tflite")))

    def run(self, picture: np.ndarray) -> np.ndarray:
        """uint8 [H, W, 3] -> the same, filtered; of any size."""
        height, width, _ = picture.shape
        around = ((0, -height % _BLOCK), (0, -width % _BLOCK), (0, 0))
        padded = np.pad(picture, around, mode="edge")
        result = np.empty_like(padded)
        run_tiled(
            lambda part: self._network.run(image=part),
            padded,
            result,
            in_scale=_BLOCK,
            out_scale=_BLOCK,
            reach=_REACH_BLOCKS,
        )
        return result[:height, :width]


@functools.lru_cache(maxsize=2)
def _read(path: str) -> LearnedFilter:
    try:
        return LearnedFilter(Path(path).read_bytes())
    except OSError:
        raise CodecError(
            f"there is no learned post-filter at {path}; train one with python -m "
            f"lab.post_filter in tfcomp's repository and name it in {ENVIRONMENT_VARIABLE}"
        ) from None
