"""The section of a code made of bits, written and read with a bundle's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfcomp.bitstream import range_coder
from tfcomp.bitstream.passes import Coder
from tfcomp.bitstream.rows import stream_ends
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

    def encode(self, latents: np.ndarray, quality: float) -> tuple[bytes, ...]:
        """int32 [h, w, channels] of 0 and 1 -> the file's sections."""
        if latents.min() < 0 or latents.max() > 1:
            raise BundleError("encoder.tflite gives other latents than bits; export it again")
        return bit_sections.encode(latents, quality, *self._held)

    def decode(
        self,
        sections: Sequence[bytes],
        quality: float,
        height: int,
        width: int,
        partial: bool = False,
        first_channels: int | None = None,
    ) -> np.ndarray:
        """The file's sections -> int32 [height, width, channels].

        With `partial` the section may break off: each bit that is missing is the likelier one.

        Raises:
          BitstreamError: the file is damaged.
        """
        return bit_sections.decode(sections, quality, height, width, *self._held, partial=partial)

    def pass_ends(
        self, section: bytes, quality: float, height: int, width: int
    ) -> np.ndarray | None:
        """See `EntropyCoder.pass_ends`."""
        layout = self._held[1]
        stripes = -(-height // layout.rows_per_stream)
        ends = stream_ends(section, layout.streams(quality, height))
        return None if ends is None else ends[stripes - 1 :: stripes]

    def shown_quality(self, section: bytes, quality: float, height: int, width: int) -> float:
        """The highest quality of which every bit is there, 1 where none is.

        A quality's passes are those of higher ones without some of their last channels.
        """
        layout = self._held[1]
        ends = self.pass_ends(section, quality, height, width)
        whole = 0 if ends is None else np.count_nonzero(ends <= len(section))
        levels = range(2, int(quality) + 1)
        return max((q for q in levels if len(layout.passes_of(q)) <= whole), default=1)

    def release(self) -> None:
        """Does nothing: no memory outlasts a call."""
