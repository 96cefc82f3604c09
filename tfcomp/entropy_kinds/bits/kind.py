"""The bits kind: latents that are bits, whose tables depend on bits around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfcomp.entropy_kinds.base import Description, EntropyKind, OpenNetworks, Tables, check_count
from tfcomp.entropy_kinds.bits.coder import BitCoder
from tfcomp.entropy_kinds.bits.layout import BitLayout
from tfcomp.entropy_kinds.bits.sections import SECTION_NAMES


class Bits(EntropyKind):
    """sections.py describes the section and its order."""

    name = "bits"
    section_names = SECTION_NAMES

    def layout(self, entropy: Mapping[str, Any], about: Description) -> BitLayout:
        return BitLayout.from_manifest(entropy, about.channels, about.qualities)

    def check_tables(self, tables: Tables, about: Description) -> None:
        layout = self.layout(about.entropy, about)
        check_count(tables["latents"], len(layout.contexts) << layout.context_bits)

    def open_coder(self, tables: Tables, about: Description, networks: OpenNetworks) -> BitCoder:
        return BitCoder(tables, self.layout(about.entropy, about))


KIND = Bits()
