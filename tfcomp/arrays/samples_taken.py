"""What arrays a model takes: the one place that knows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tfcomp.runtime.manifest import Manifest


class SamplesTaken(NamedTuple):
    """The samples of the arrays that a model takes.

    Attributes:
      dtype: of the samples.
      channels: the numbers of channels that it takes, its own first.
    """

    dtype: np.dtype
    channels: tuple[int, ...]


def samples_taken(manifest: Manifest) -> SamplesTaken:
    """What a model takes: red, green and blue of 8 bits, and grey as such."""
    return SamplesTaken(np.dtype(np.uint8), (3, 1))
