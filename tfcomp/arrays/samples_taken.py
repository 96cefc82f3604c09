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
      alpha: whether its files hold alpha.
    """

    dtype: np.dtype
    channels: tuple[int, ...]
    alpha: bool


def samples_taken(manifest: Manifest) -> SamplesTaken:
    """What a model takes: the samples of its pictures, and of RGB also grey as such."""
    spec = manifest.image
    return SamplesTaken(spec.dtype, (3, 1) if spec.is_rgb8 else (spec.channels,), spec.is_screen)
