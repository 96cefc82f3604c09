"""Lines of test vectors, written; spec/vectors/README.md describes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from tests.spec.refusals import kind_of
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy_kinds.bits.layout import BitLayout
from tfcomp.errors import BitstreamError


def line(word: str, numbers: Iterable) -> str:
    """A word and whole numbers."""
    return " ".join([word, *(str(int(number)) for number in numbers)])


def of_bytes(word: str, data: bytes) -> str:
    """A word and bytes in hexadecimal."""
    return f"{word} {data.hex()}".rstrip()


def of_floats(word: str, numbers: np.ndarray) -> str:
    """A word and float32 numbers, as the hexadecimal of their little-endian bytes."""
    return of_bytes(word, numbers.astype("<f4").tobytes())


def of_tables(tables: CdfTables, prefix: str = "") -> list[str]:
    """The three lines of a set of tables."""
    return [
        line(f"{prefix}cdf", tables.cdf),
        line(f"{prefix}starts", tables.starts),
        line(f"{prefix}offsets", tables.cdf_offset),
    ]


def bit_layout_lines(layout: BitLayout) -> list[str]:
    """What a bundle fixes about a code made of bits."""
    return [
        line("layout", [layout.checkerboard, layout.rows_per_stream, layout.context_bits]),
        line("groups", layout.groups),
        line("sent", layout.sent),
        line("contexts", [place for places in layout.contexts for place in places]),
    ]


def verdict(
    data: bytes, read: Callable[[bytes], Iterable[str]], where_refused: Iterable[str] = ()
) -> list[str]:
    """What becomes of bytes: the lines that `read` makes of them, or that they are refused."""
    try:
        held = list(read(data))
    except BitstreamError as error:
        refusal = f"check refuse {kind_of(str(error))}"
        return [*where_refused, of_bytes("bytes", data), refusal]
    return [*held, of_bytes("bytes", data), "check read"]
