"""Tables of the test vectors."""

from __future__ import annotations

import numpy as np

from tests.bitstream.coder_cases import random_table, tables_of
from tfcomp.bitstream.tables import CdfTables


def tables_around_zero(random: np.random.Generator, count: int) -> CdfTables:
    """Tables that have values around zero, and escape, since any value may meet any of them."""
    tables: list[list[int]] = []
    while len(tables) < count:
        table = random_table(random, escape=True)
        if len(table) > 3:  # more than the escape symbol
            tables.append(table)
    return tables_of(*tables, offsets=[-(len(table) // 2) for table in tables])


def heavy_tables() -> CdfTables:
    """Masses that fall with the fourth power of the distance: sums and quotients only, so the same
    on every machine."""
    reach, total = 20, 1 << 16
    tables = []
    for scale in (0.2, 0.5, 1.0, 2.5, 6.0):
        masses = np.array([1 / (1 + (k / scale) ** 2) ** 2 for k in range(-reach, reach + 1)])
        whole = np.maximum(np.floor(masses / masses.sum() * (total - 100)), 1).astype(int)
        whole[reach] += total - 16 - whole.sum()  # 16 for the escape symbol
        tables.append([-16, 0, *np.cumsum(whole).tolist(), total])
    return tables_of(*tables, offsets=[-reach] * len(tables))
