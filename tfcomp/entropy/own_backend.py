"""tfcomp's own entropy backend, which runs on every version of TensorFlow.

It has the interface of tfcomp/entropy/tfc_backend.py and the same results: bits to the precision
of float32, tables to 1 / 65536, and exactly the same bytes.
"""

from __future__ import annotations

import math

import numpy as np

from tfcomp.bitstream import range_coder
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy import integer_tables
from tfcomp.entropy.deep_factorized import DeepFactorized
from tfcomp.entropy.integer_tables import TAIL_MASS

NAME = "own"
CheckedCoder = range_coder


def deep_factorized(channels: int, initial_scale: float) -> DeepFactorized:
    """A `DeepFactorized` layer."""
    return DeepFactorized(channels, initial_scale)


def deep_factorized_tables(density: DeepFactorized, scales: np.ndarray) -> CdfTables:
    """Integer tables of a `DeepFactorized` stretched by scales.

    Args:
      density: what `deep_factorized` made.
      scales: float32 [Q, C].

    Returns:
      `CdfTables` with Q * C tables, row by row.
    """
    scales = np.asarray(scales, np.float64)
    logits = density.frozen_logits()
    tail = math.log(TAIL_MASS / 2 / (1 - TAIL_MASS / 2))
    lower, upper = (
        integer_tables.bisect(lambda x: logits(x[None])[0], target, density.channels)
        for target in (tail, -tail)
    )

    def masses(symbols: np.ndarray, number: int) -> np.ndarray:
        row, channel = divmod(number, density.channels)
        scale = scales[row, channel]
        edges = (np.append(symbols, symbols[-1] + 1) - 0.5) / scale
        values = logits(edges[:, None], slice(channel, channel + 1))[:, 0]
        # Both on the side of the median where sigmoids are exact.
        right = values[1:] > -values[:-1]
        low = np.where(right, -values[1:], values[:-1])
        high = np.where(right, -values[:-1], values[1:])
        return _sigmoid(high) - _sigmoid(low)

    return integer_tables.tables_of(masses, (lower * scales).ravel(), (upper * scales).ravel())


def gaussian_tables(
    scales: np.ndarray, weights: np.ndarray | None = None, ratios: np.ndarray | None = None
) -> CdfTables:
    """Integer tables of Gaussians around 0, or of mixtures of two.

    Args:
      scales: float32 [N], standard deviations in steps.
      weights: float32 [N], how much of each is a second Gaussian; None for plain Gaussians.
      ratios: float32 [N], how many times as wide that one is; None for plain Gaussians.

    Returns:
      `CdfTables` with N tables.
    """
    first = np.asarray(scales, np.float64)
    weight = np.zeros_like(first) if weights is None else np.asarray(weights, np.float64)
    second = first if ratios is None else first * np.asarray(ratios, np.float64)

    def beyond(x: np.ndarray, number: int | slice = slice(None)) -> np.ndarray:
        """The probability of more than x."""
        tails = [0.5 * _erfc(x / s[number] * math.sqrt(0.5)) for s in (first, second)]
        return tails[0] + weight[number] * (tails[1] - tails[0])

    tail = integer_tables.bisect(lambda x: -beyond(x), -TAIL_MASS / 2, len(first))

    def masses(symbols: np.ndarray, number: int) -> np.ndarray:
        edge = np.abs(symbols)
        return beyond(edge - 0.5, number) - beyond(edge + 0.5, number)

    return integer_tables.tables_of(masses, -tail, tail)


_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0.0, -x))
