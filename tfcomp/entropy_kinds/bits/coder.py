"""The section of a code made of bits, written and read with a bundle's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfcomp.bitstream import range_coder
from tfcomp.bitstream.passes import Coder
from tfcomp.entropy_kinds.base import Tables, check_count
from tfcomp.entropy_kinds.bits import sections as bit_sections
from tfcomp.entropy_kinds.bits.layout import BitLayout
from tfcomp.errors import BundleError


class BitCoder:
    """Latents that are bits: a bit's table depends on bits around it that are known before it.

    sections.py describes the section and its order.
    """

    latent_dtype = np.int32

    def __init__(self, tables: Tables, layout: BitLayout, coder: Coder | Any = range_coder) -> None:
        self._held = tables, layout, coder
        check_count(tables["latents"], len(layout.contexts) << layout.context_bits)

    def encode(self, latents: np.ndarray, quality: int) -> tuple[bytes, ...]:
        """int32 [h, w, channels] of 0 and 1 -> the file's sections."""
        if latents.min() < 0 or latents.max() > 1:
            raise BundleError("encoder.tflite gives other latents than bits; export it again")
        return bit_sections.encode(latents, quality, *self._held)

    def decode(
        self, sections: Sequence[bytes], quality: int, height: int, width: int
    ) -> np.ndarray:
        """The file's sections -> int32 [height, width, channels].

        Raises:
          BitstreamError: the file is damaged.
        """
        return bit_sections.decode(sections, quality, height, width, *self._held)

    def release(self) -> None:
        """Does nothing: no memory outlasts a call."""
