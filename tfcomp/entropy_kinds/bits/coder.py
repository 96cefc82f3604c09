"""The section of a code made of bits, written and read with a bundle's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tfcomp.bitstream import range_coder
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy_kinds.base import check_count
from tfcomp.entropy_kinds.bits import sections as bit_sections
from tfcomp.entropy_kinds.bits.layout import BitLayout
from tfcomp.errors import BundleError


class BitCoder:
    """Latents that are bits, with tables chosen by the bits around them that are known before.

    See sections.py for the section and its order.
    """

    latent_dtype = np.int32

    def __init__(self, tables: Mapping[str, CdfTables], layout: BitLayout) -> None:
        self._tables = tables
        self._layout = layout
        check_count(tables["latents"], len(layout.contexts) << layout.context_bits)

    def encode(self, latents: np.ndarray, quality: int) -> tuple[bytes, ...]:
        """int32 [h, w, channels] of 0 and 1 -> the file's sections."""
        if latents.min() < 0 or latents.max() > 1:
            raise BundleError("encoder.tflite gives other latents than bits; export it again")
        return bit_sections.encode(latents, quality, self._tables, self._layout, range_coder)

    def decode(
        self, sections: Sequence[bytes], quality: int, height: int, width: int
    ) -> np.ndarray:
        """The file's sections -> int32 [height, width, channels].

        Raises:
          BitstreamError: the file is damaged.
        """
        return bit_sections.decode(
            sections, quality, height, width, self._tables, self._layout, range_coder
        )

    def release(self) -> None:
        """There is nothing to give back."""
