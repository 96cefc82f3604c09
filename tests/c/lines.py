"""Lines of test vectors: a word, then whole numbers."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import numpy as np

from tfcomp.bitstream.tables import CdfTables


def line(word: str, numbers: Iterable) -> str:
    return " ".join([word, *(str(int(number)) for number in numbers)])


def of_tables(tables: CdfTables) -> list[str]:
    return [
        line("cdf", tables.cdf),
        line("starts", tables.starts),
        line("offsets", tables.cdf_offset),
    ]


def of_latents(quality: int, latents: np.ndarray) -> str:
    """The quality, the shape, and the CRC-32 of little-endian int32, as a signed number."""
    crc = np.uint32(zlib.crc32(latents.astype("<i4").tobytes())).astype(np.int32)
    return line("latents", [quality, *latents.shape, crc])


def of_refusal(quality: int, shape: tuple[int, ...]) -> str:
    return line("refused", [quality, *shape])
