"""The section of a factorized entropy model, written and read with a bundle's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfcomp.bitstream import range_coder
from tfcomp.bitstream.rows import pack_rows, stream_ends, unpack_rows
from tfcomp.entropy_kinds.base import MAX_LATENT, Tables, check_count
from tfcomp.entropy_kinds.streams import Streams
from tfcomp.errors import BitstreamError

# Rows are independent, so the coder needs working memory for a few of a large image's rows only.
_ROWS_AT_ONCE = 16


class FactorizedCoder:
    """Every channel has one table per quality level; elements are coded independently.

    Ballé, Laparra, Simoncelli, "End-to-end Optimized Image Compression", ICLR 2017. The table of
    channel c at quality q (from 1) is number (q - 1) * channels + c. One section, "latents", with
    one stream per latent row, so that rows can be decoded side by side.
    """

    latent_dtype = np.int32

    def __init__(
        self, tables: Tables, qualities: int, channels: int, coder: Any = range_coder
    ) -> None:
        self._tables = tables["latents"]
        self._channels = channels
        self._coder = coder
        check_count(self._tables, qualities * channels)

    def encode(self, latents: np.ndarray, quality: float) -> tuple[bytes, ...]:
        """int32 [h, w, channels] -> the file's sections."""
        height, width, _ = latents.shape
        rows = latents.reshape(height, width * self._channels)
        index = self._row_index(width, quality)
        streams: list[bytes] = []
        for start in range(0, height, _ROWS_AT_ONCE):
            block = rows[start : start + _ROWS_AT_ONCE]
            streams += self._coder.encode_rows(block, index, self._tables)
        return (pack_rows(streams),)

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

        With `partial` the section may break off: rows that are missing are zeros.

        Raises:
          BitstreamError: the file is damaged.
        """
        if partial:
            return self._decode_partial(sections[0], quality, height, width)
        streams = unpack_rows(sections[0], height)
        index = self._row_index(width, quality)
        rows = np.empty((height, width * self._channels), np.int32)
        for start in range(0, height, _ROWS_AT_ONCE):
            block = streams[start : start + _ROWS_AT_ONCE]
            decoded = self._coder.decode_rows(block, index, self._tables)
            if decoded.min() < -MAX_LATENT or decoded.max() > MAX_LATENT:
                raise BitstreamError("the file holds impossible latents; get an undamaged copy")
            rows[start : start + _ROWS_AT_ONCE] = decoded
        return rows.reshape(height, width, self._channels)

    def _decode_partial(
        self, section: bytes, quality: float, height: int, width: int
    ) -> np.ndarray:
        index = self._row_index(width, quality)
        streams = Streams(section, height, self._coder, self._tables, MAX_LATENT, partial=True)
        rows = np.zeros((height, width * self._channels), np.int32)
        for row in rows:
            found = streams.decode(index)
            if found is None:
                break
            row[...] = found
        return rows.reshape(height, width, self._channels)

    def pass_ends(
        self, section: bytes, quality: float, height: int, width: int
    ) -> np.ndarray | None:
        """See `EntropyCoder.pass_ends`: some rows count as a pass."""
        ends = stream_ends(section, height)
        if ends is None:
            return None
        return np.append(ends[_ROWS_AT_ONCE - 1 : -1 : _ROWS_AT_ONCE], ends[-1])

    def shown_quality(self, section: bytes, quality: float, height: int, width: int) -> float:
        """See `EntropyCoder.shown_quality`."""
        return quality

    def release(self) -> None:
        """Does nothing: no memory outlasts a call."""

    def _row_index(self, width: int, quality: float) -> np.ndarray:
        first = (int(quality) - 1) * self._channels
        return np.tile(np.arange(first, first + self._channels, dtype=np.int32), width)
