"""The factorized kind: one table for each channel and quality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfcomp.entropy_kinds.base import Description, EntropyKind, OpenNetworks, Tables, check_count
from tfcomp.entropy_kinds.factorized.coder import FactorizedCoder


class Factorized(EntropyKind):
    """Ballé, Laparra, Simoncelli, "End-to-end Optimized Image Compression", ICLR 2017."""

    name = "factorized"
    layout_is_hashed = False
    has_relaxed_form = True

    def layout(self, entropy: Mapping[str, Any], about: Description) -> None:
        return None

    def check_tables(self, tables: Tables, about: Description) -> None:
        check_count(tables["latents"], about.qualities * about.channels)

    def open_coder(
        self, tables: Tables, about: Description, networks: OpenNetworks
    ) -> FactorizedCoder:
        return FactorizedCoder(tables, about.qualities, about.channels)


KIND = Factorized()
