"""Random tables and symbols for the range coder's tests, from easy to extreme."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from tfcomp.bitstream.tables import CdfTables


def tables_of(*tables: list[int], offsets: list[int] | None = None) -> CdfTables:
    """CdfTables of tables written out as lists, without offsets unless given."""
    cdf = np.array([entry for table in tables for entry in table], dtype=np.int32)
    cdf_offset = np.array(offsets or [0] * len(tables), dtype=np.int32)
    return CdfTables(cdf, cdf_offset, np.zeros(len(tables), dtype=np.float32))


def random_table(random: np.random.Generator, escape: bool) -> list[int]:
    """Any precision, any number of symbols; often with masses of 2**-precision at one end."""
    precision = int(random.integers(1, 17))
    intervals = int(random.integers(1, min(1 << precision, 60) + 1))
    inner = np.arange(1, intervals)
    kind = random.integers(3)
    if kind == 1:
        inner += (1 << precision) - intervals
    elif kind == 2:
        choices = np.arange(1, 1 << precision)
        inner = np.sort(random.choice(choices, intervals - 1, replace=False))
    return [-precision if escape else precision, 0, *inner.tolist(), 1 << precision]


def random_tables(random: np.random.Generator, escape: bool | None = None) -> CdfTables:
    """One to four tables; `escape` None mixes tables with and without an escape symbol."""
    tables: list[list[int]] = []
    for _ in range(random.integers(1, 5)):
        table = random_table(random, bool(random.integers(2)) if escape is None else escape)
        if not tables or tables[-1][-1] != table[0]:  # else TFC cannot tell where the first ends
            tables.append(table)
    return tables_of(*tables)


def random_symbols(
    random: np.random.Generator, tables: CdfTables, count: int, far: float = 0.1
) -> tuple[np.ndarray, np.ndarray]:
    """(symbols, index), int32 [count] each. A share `far` of those that may escape do, by up to
    2**30 - 1 (TFC's encoder hangs on more)."""
    index = random.integers(0, tables.count, count).astype(np.int32)
    uniform = random.random() < 0.5  # or as likely as the table says
    where = random.random(count)
    escapes = random.random(count) < far
    sizes = random.integers(1, 1 << random.integers(1, 31, count)).tolist()
    symbols = []
    for k, table_index in enumerate(index.tolist()):
        cdf, precision, escape = tables.models[table_index]
        if escape >= 0 and escapes[k]:
            symbols.append(-sizes[k] if where[k] < 0.5 else sizes[k] + escape - 1)
        elif uniform:
            symbols.append(int(where[k] * (len(cdf) - 1)))
        else:
            symbols.append(bisect_right(cdf, int(where[k] * (1 << precision))) - 1)
    return np.array(symbols, dtype=np.int32), index
