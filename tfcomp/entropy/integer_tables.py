"""Densities as integer tables for the range coder, in NumPy and float64.

    cumulative F --bisection--> tails --> masses of k = minimum..maximum, and of what is beyond
                                            --> integers that add up to 2^16

The tables have the same meaning as those of TensorFlow Compression, entry for entry; where that is
installed, tests compare the two.
"""

from __future__ import annotations

import heapq
from typing import Callable

import numpy as np

from tfcomp.bitstream.tables import CdfTables

PRECISION = 16
TAIL_MASS = 2.0**-12  # of both tails together, which the escape symbol codes

_FARTHEST = 2.0**20


def bisect(rising: Callable[[np.ndarray], np.ndarray], target: float, count: int) -> np.ndarray:
    """Where rising functions reach a target.

    Args:
      rising: float64 [N] -> float64 [N], one rising function for each element.
      target: float.
      count: N.

    Returns:
      float64 [N], to double precision at most.
    """
    low, high = np.full(count, -1.0), np.full(count, 1.0)
    while np.any(short := (rising(high) < target) & (high < _FARTHEST)):
        high[short] *= 2
    while np.any(short := (rising(low) > target) & (low > -_FARTHEST)):
        low[short] *= 2
    for _ in range(80):
        middle = 0.5 * (low + high)
        below = rising(middle) < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return 0.5 * (low + high)


def tables_of(
    masses: Callable[[np.ndarray, int], np.ndarray],
    lower_tails: np.ndarray,
    upper_tails: np.ndarray,
) -> CdfTables:
    """Integer tables of N densities.

    Args:
      masses: function of int64 [n] symbols and a table's number -> float64 [n], their
        probabilities.
      lower_tails: float64 [N], below which symbols are escaped.
      upper_tails: float64 [N], above which they are.

    Returns:
      `CdfTables`.
    """
    minima = np.floor(lower_tails).astype(np.int64)
    maxima = np.ceil(upper_tails).astype(np.int64)
    parts = []
    for number, (first, last) in enumerate(zip(minima, maxima)):
        inside = np.asarray(masses(np.arange(first, last + 1), number), np.float64)
        escaped = max(1.0 - inside.sum(), 0.0)
        cdf = quantized_cdf(np.append(inside, escaped))
        parts.append(np.concatenate([[-PRECISION], cdf]))
    flat = np.concatenate(parts).astype(np.int32)
    return CdfTables(flat, minima.astype(np.int32), np.zeros(len(minima), np.float32))


def bit_tables(zeros: np.ndarray) -> CdfTables:
    """Tables of 0 and 1 without an escape, so that no file decodes to anything else.

    Args:
      zeros: int64 [N], of 2**PRECISION how many stand for a 0; at least 1 is left to either.
    """
    one, count = 1 << PRECISION, len(zeros)
    cut = np.clip(zeros, 1, one - 1)
    ends = [np.full(count, PRECISION), np.zeros(count, int), cut, np.full(count, one)]
    flat = np.stack(ends, axis=1).reshape(-1)
    return CdfTables(flat, np.zeros(count, np.int32), np.zeros(count, np.float32))


def quantized_cdf(masses: np.ndarray) -> np.ndarray:
    """Probabilities as a cumulative of integers from 0 to 2**PRECISION, with no empty interval.

    Masses are rounded to the nearest integer, at least 1. The surplus or deficit is then taken or
    given one by one, where it costs the fewest bits or saves the most.

    Args:
      masses: float [n], at least 0, not all 0.

    Returns:
      int64 [n + 1].
    """
    masses = np.asarray(masses, np.float64)
    total = 1 << PRECISION
    counts = np.maximum(np.rint(masses * total), 1).astype(np.int64)
    surplus = int(counts.sum()) - total
    step = -1 if surplus > 0 else 1

    def cost(index: int) -> float:
        """Expected bits that the next step adds."""
        count = int(counts[index])
        if count + step < 1:
            return np.inf
        return masses[index] * np.log2(count / (count + step))

    if surplus:
        heap = [(cost(index), index) for index in range(len(counts))]
        heapq.heapify(heap)
        for _ in range(abs(surplus)):
            _, index = heapq.heappop(heap)
            counts[index] += step
            heapq.heappush(heap, (cost(index), index))
    return np.concatenate([[0], np.cumsum(counts)])
