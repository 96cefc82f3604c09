"""The hyperprior kind: side information and context choose a table for each value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfcomp.entropy_kinds.base import Description, EntropyKind, OpenNetworks, Tables, check_count
from tfcomp.entropy_kinds.hyperprior.coder import HyperpriorCoder
from tfcomp.entropy_kinds.hyperprior.layout import (
    MEAN_UNITS,
    SECTION_NAMES,
    SEQUENCE_TABLES,
    Layout,
)
from tfcomp.entropy_kinds.hyperprior.networks import IntegerNetworks
from tfcomp.errors import BundleError


class HyperpriorKind(EntropyKind):
    """sections.py describes the sections and their order."""

    name = "hyperprior"
    section_names = SECTION_NAMES
    has_networks = True
    rounds = False
    latent_units = MEAN_UNITS
    takes_feedback = True
    has_relaxed_form = True

    def layout(self, entropy: Mapping[str, Any], about: Description) -> Layout:
        return Layout.from_manifest(
            entropy, about.channels, about.qualities, about.distortion_weights
        )

    def distortion_weights(self, layout: Layout) -> tuple[float, ...]:
        return layout.distortion_weights

    def check_tables(self, tables: Tables, about: Description) -> None:
        layout = self.layout(about.entropy, about)
        check_count(tables["hyper_latents"], about.qualities * layout.hyper_channels)
        if not layout.sequence:
            return
        missing = set(SEQUENCE_TABLES) - set(tables)
        if missing:
            raise BundleError(f"tables.npz lacks {', '.join(sorted(missing))}")
        for name, other in zip(SEQUENCE_TABLES, SECTION_NAMES):
            check_count(tables[name], tables[other].count)

    def open_coder(
        self, tables: Tables, about: Description, networks: OpenNetworks
    ) -> HyperpriorCoder:
        layout = self.layout(about.entropy, about)
        return HyperpriorCoder(tables, layout, IntegerNetworks(networks(), layout), about.qualities)


KIND = HyperpriorKind()
