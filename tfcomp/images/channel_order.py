"""Whether a picture's channels seem to stand in another order than those of other pictures."""

from __future__ import annotations

import numpy as np

# Means this many deviations off, and this many times nearer in another order, are told.
_FAR, _NEARER = 4.0, 9.0


def fits_in_another_order(
    means: np.ndarray, usual: np.ndarray, spread: np.ndarray, peak: float
) -> bool:
    """Whether a picture's means are far from the usual ones, and near them in another order.

    Args:
      means: of a picture, [channels].
      usual: of other pictures, [channels].
      spread: the deviations of those pictures' means.
      peak: of the samples.
    """
    spread = np.maximum(spread, peak / 255.0)
    # In one dimension the best order is that in which both rise.
    order = np.empty(len(usual), np.int64)
    order[np.argsort(usual)] = np.argsort(means)
    given = np.sum(np.square((means - usual) / spread))
    sorted_ = np.sum(np.square((means[order] - usual) / spread))
    return bool(given >= 2 * _FAR**2 and given >= _NEARER * sorted_)
