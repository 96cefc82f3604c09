"""Chooses the contexts of bits, and counts bits in them, on training pictures.

For every bit of every pass the candidates are all bits of earlier passes at its place and at the
eight places around it. The dozen of highest correlation are kept. Of those the one that saves the
most bits is taken, again and again, as long as it saves more than a description of the tables that
it adds would cost (minimum description length, Rissanen 1983), which prevents overfitting.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from tfcomp.bitstream.passes import squares
from tfcomp.entropy_kinds.bits import sections as bit_sections
from tfcomp.entropy_kinds.bits.layout import NOTHING

_CANDIDATES = 12
_AT_ONCE = 4096  # positions, while correlating


def search(
    bits: np.ndarray, passes: Sequence[Any], context_bits: int
) -> tuple[np.ndarray, np.ndarray]:
    """Chooses the contexts of all passes' channels.

    Args:
      bits: uint8 [N, h, w, C] of 0 and 1, N pictures' codes.
      passes: the passes, a `tfcomp.bitstream.passes.Pass` each.
      context_bits: K, the most context bits of a channel.

    Returns:
      places int32 [E, K] (see `BitLayout.contexts`) and counts int64 [E, 2^K, 2] of zeros and ones;
      E is the number of all passes' channels.
    """
    all_places, all_counts = [], []
    for step in passes:
        around, coded = visible(bits, step)
        values = bits[..., step.start : step.start + step.channels][coded]
        ranked = _ranking(around, values)
        for channel in range(step.channels):
            places, counts = _grow(around, values[:, channel], ranked[channel], context_bits)
            all_places.append(places)
            all_counts.append(counts)
    return np.array(all_places, np.int32), np.array(all_counts, np.int64)


def visible(bits: np.ndarray, step: Any) -> tuple[np.ndarray, np.ndarray]:
    """The bits that a pass sees.

    Returns:
      uint8 [n, 9 * seen], the bits of earlier passes around each of the pass's n squares, and bool
      [N, h, w], which squares those are.
    """
    count, height, width, _ = bits.shape
    known = bits[..., : step.seen].copy()
    board = squares(height, width, step)
    if step.goes_on:
        known[..., step.start :] *= ~board[None, ..., None]
    coded = np.broadcast_to(board, (count, height, width))
    if not step.seen:
        return np.zeros((int(coded.sum()), 0), np.uint8), coded
    whole = slice(0, height)
    around = [bit_sections.neighbourhood(picture, whole)[board][:, :-1] for picture in known]
    return np.concatenate(around), coded


def _ranking(around: np.ndarray, values: np.ndarray) -> np.ndarray:
    """For each channel of values [n, c] the columns of around [n, m] most correlated with it."""
    n, columns = around.shape
    products = np.zeros((columns, values.shape[1]))
    for start in range(0, n, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        products += around[part].T.astype(np.float32) @ values[part].astype(np.float32)
    mean_in, mean_out = around.mean(0, dtype=np.float64), values.mean(0, dtype=np.float64)
    covariance = np.abs(products / n - np.outer(mean_in, mean_out))
    spread = np.sqrt(mean_in * (1 - mean_in))
    strength = covariance / np.maximum(spread, 1e-6)[:, None]
    return np.argsort(-strength, axis=0, kind="stable")[:_CANDIDATES].T


def _grow(
    around: np.ndarray, values: np.ndarray, candidates: np.ndarray, context_bits: int
) -> tuple[list[int], np.ndarray]:
    """One channel's places [K] and counts [2^K, 2]."""
    n = len(values)
    chosen: list[int] = []
    index, tables = values.astype(np.int64), 1
    left = [int(place) for place in candidates]
    least = _information(index, tables)
    while left and len(chosen) < context_bits:
        trials = [
            _information(index + (around[:, place].astype(np.int64) << len(chosen) + 1), 2 * tables)
            for place in left
        ]
        best = int(np.argmin(trials))
        price = 0.5 * np.log2(max(n, 2)) * tables
        if trials[best] + price >= least:
            break
        place = left.pop(best)
        index = index + (around[:, place].astype(np.int64) << len(chosen) + 1)
        chosen.append(place)
        least, tables = trials[best], 2 * tables
    counts = np.bincount(index, minlength=2 * tables).reshape(tables, 2)
    # No value uses the tables of places that were not chosen.
    counts = np.concatenate([counts, np.zeros(((1 << context_bits) - tables, 2), np.int64)])
    return chosen + [NOTHING] * (context_bits - len(chosen)), counts


def _information(index: np.ndarray, tables: int) -> float:
    """Bits that n values take, given each one's table: index = 2 * table + value."""
    counts = np.bincount(index, minlength=2 * tables).reshape(tables, 2) + 0.5
    share = counts / counts.sum(1, keepdims=True)
    return float(-((counts - 0.5) * np.log2(share)).sum())
