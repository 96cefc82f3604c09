"""Random layouts, tables and bits for the tests of the section of bits."""

from __future__ import annotations

import numpy as np

from tests.bitstream.coder_cases import tables_of
from tfcomp.bitstream.passes import coding_passes
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy_kinds.bits.layout import NOTHING, BitLayout


def random_layout(random: np.random.Generator, most_context_bits: int = 5) -> BitLayout:
    """One to four groups, with and without a checkerboard."""
    groups = tuple(random.integers(1, 6, random.integers(1, 5)).tolist())
    checkerboard = int(random.integers(0, len(groups) + 1))
    channels = sum(groups)
    below = random.choice(np.arange(1, channels), random.integers(0, channels), replace=False)
    context_bits = int(random.integers(1, most_context_bits + 1))
    contexts = tuple(
        tuple(random.integers(NOTHING, 9 * step.seen, context_bits).tolist())
        for step in coding_passes(groups, checkerboard)
        for _ in range(step.channels)
    )
    sent = (*sorted(below.tolist()), channels)
    return BitLayout(groups, checkerboard, int(random.integers(1, 10)), sent, contexts)


def random_bit_tables(random: np.random.Generator, layout: BitLayout) -> CdfTables:
    """A probability of its own for each channel of each pass and each context."""
    count = len(layout.contexts) << layout.context_bits
    return tables_of(*([16, 0, p, 1 << 16] for p in random.integers(1, 1 << 16, count).tolist()))


def random_bits(random: np.random.Generator, layout: BitLayout, most: int = 24) -> np.ndarray:
    """uint8 [h, w, C], sides from 1 to `most`."""
    height, width = random.integers(1, most + 1, 2).tolist()
    return random.integers(0, 2, (height, width, layout.channels), np.uint8)
