"""Tables fitted to the symbols that the encoder writes with them.

Training counts bits of rounded values. The encoder moves some of these towards zero
(tfcomp/bitstream/rate_distortion_quantizer.py), and no parametric density is exactly that of the
symbols. So after training pictures are coded, the symbols of each table are counted, and their
shares replace its probabilities. For tables with few symbols the trained probabilities prevail.
Supports stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy_kinds.hyperprior import sections
from tfcomp.entropy_kinds.hyperprior.frame_before import FrameBefore
from tfcomp.entropy_kinds.hyperprior.layout import SEQUENCE_TABLES

# The trained probabilities count as this many symbols.
_TRAINED_SYMBOLS = 100.0


class SymbolCounter:
    """A range coder (`tfcomp.bitstream.passes.Coder`) that writes nothing and counts instead.

    Args:
      tables: the `CdfTables` whose symbols are counted; those of other tables are not.
    """

    def __init__(self, tables: CdfTables) -> None:
        self._tables = tables
        # A symbol's count stands where the cumulative value at the end of its interval stands.
        self._counts = np.zeros(len(tables.cdf), np.int64)

    def encode(self, values: np.ndarray, index: np.ndarray, tables: CdfTables) -> bytes:
        """Counts int32 [N] values, each with the table that int32 [N] index names."""
        if tables is self._tables:
            starts = tables.starts[index]
            symbols = values - tables.cdf_offset[index]
            escapes = tables.cdf[starts] < 0
            known = tables.starts[index + 1] - starts - 2 - escapes
            # Values beyond a table's support go to its escape symbol, the last one.
            symbols = np.where((symbols < 0) | (symbols >= known), known, symbols)
            np.add.at(self._counts, starts + 2 + symbols, 1)
        return b""

    def fitted(self) -> CdfTables:
        """The tables with the probabilities that were found, as `CdfTables`."""
        tables, parts = self._tables, []
        for number, (cumulative, precision, escape) in enumerate(tables.models):
            start, stop = tables.starts[number : number + 2]
            counts = self._counts[start + 2 : stop].astype(np.float64)
            known = len(counts) if escape < 0 else escape
            if -2 * tables.cdf_offset[number] == known - 1:  # a density around zero is symmetric
                counts[:known] += counts[:known][::-1]
            mass = np.diff(cumulative) / 2.0**precision
            mass = _whole(counts + _TRAINED_SYMBOLS * mass, 1 << precision)
            parts.append(np.concatenate([[tables.cdf[start], 0], np.cumsum(mass)]))
        cdf = np.concatenate(parts).astype(np.int32)
        return CdfTables(cdf, tables.cdf_offset, tables.quantization_offset)


class SymbolCounters:
    """A `SymbolCounter` for each of several tables.

    Args:
      tables: by name.
    """

    def __init__(self, tables: Mapping[str, CdfTables]) -> None:
        self._counters = {name: SymbolCounter(each) for name, each in tables.items()}

    def encode(self, values: np.ndarray, index: np.ndarray, tables: CdfTables) -> bytes:
        """See `SymbolCounter`."""
        for counter in self._counters.values():
            counter.encode(values, index, tables)
        return b""

    def fitted(self) -> dict[str, CdfTables]:
        """The tables with the probabilities that were found, by name."""
        return {name: counter.fitted() for name, counter in self._counters.items()}


def calibrated(
    prior: Any,
    networks: Any,
    tables: dict[str, CdfTables],
    pictures: Iterable[tuple[np.ndarray, int]],
) -> dict[str, CdfTables]:
    """See `Prior.calibrated`; `networks` are the prior's."""
    counter = SymbolCounter(tables["latents"])
    for latents, quality in pictures:
        sections.encode(latents, quality, networks, tables, prior.layout, counter)
    return {**tables, "latents": counter.fitted()}


def calibrated_sequence(
    prior: Any,
    networks: Any,
    tables: dict[str, CdfTables],
    sequences: Iterable[tuple[Sequence[np.ndarray], int]],
) -> dict[str, CdfTables]:
    """See `Hyperprior.calibrated_sequence`; `networks` are the prior's."""
    counters = SymbolCounters({name: tables[name] for name in SEQUENCE_TABLES})
    for latents, quality in sequences:
        before = None
        for each in latents:
            hyper = networks.hyper_analysis(each, quality)
            _, decoded = sections.encode_and_decode(
                *(each, quality, networks, tables, prior.layout, counters),
                hyper_latents=hyper,
                before=before,
            )
            before = FrameBefore(decoded, hyper)
    return {**tables, **counters.fitted()}


def _whole(weights: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers >= 1 that add up to `total`, nearly proportional to float64 [N] weights."""
    ideal = weights / weights.sum() * (total - len(weights))
    whole = np.floor(ideal).astype(np.int64)
    largest = np.argsort(whole - ideal, kind="stable")[: total - len(weights) - whole.sum()]
    whole[largest] += 1
    return whole + 1
