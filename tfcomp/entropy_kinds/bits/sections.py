"""The section of a file whose latents are bits, each coded given bits that are known before it.

    latents    pass by pass; within a pass one stream per `rows_per_stream` rows, which holds, in
               raster order with the channels innermost, the pass's bits

A pass is a group of channels, on all squares or on half of them (tfcomp/bitstream/passes.py).
Quality q has the passes of its first sent[q] channels and no others. A bit's table follows from its
context: K bits of earlier passes, at its own place or next to it; outside the picture, and on
squares that come later, they count as 0.

    table = (channel's number among all passes' channels) * 2^K + sum of 2^k * context bit k

This is integer arithmetic: the same on every machine. The range coder is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tfcomp.bitstream.passes import Coder, squares
from tfcomp.bitstream.rows import pack_rows
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy_kinds.base import MAX_LATENT, Tables
from tfcomp.entropy_kinds.bits.layout import BitLayout
from tfcomp.entropy_kinds.streams import Streams

SECTION_NAMES = ("latents",)


def neighbourhood(known: np.ndarray, rows: slice) -> np.ndarray:
    """The bits that contexts may choose: uint8 [h, w, C] of bits -> [rows, w, 9 C + 1].

    The last column is 0: the place NOTHING, -1, names it.
    """
    height, width, channels = known.shape
    padded = np.zeros((rows.stop - rows.start + 2, width + 2, channels), np.uint8)
    top, bottom = max(0, rows.start - 1), min(height, rows.stop + 1)
    first = top - (rows.start - 1)
    padded[first : first + bottom - top, 1:-1] = known[top:bottom]
    # NumPy's type stub allows one axis only.
    windows = np.lib.stride_tricks.sliding_window_view(
        padded,
        (3, 3),
        axis=(0, 1),  # type: ignore[call-overload]
    )
    flat = windows.reshape(rows.stop - rows.start, width, 9 * channels)
    return np.concatenate([flat, np.zeros((*flat.shape[:2], 1), np.uint8)], axis=2)


def table_index(around: np.ndarray, places: np.ndarray, first: int) -> np.ndarray:
    """int32 [rows, w, n]: the tables of n channels.

    Args:
      around: see `neighbourhood`.
      places: int [n, K].
      first: number of the first of the channels.
    """
    count, bits = places.shape
    index = np.empty((*around.shape[:2], count), np.int32)
    index[...] = (first + np.arange(count, dtype=np.int32)) << bits
    for k in range(bits):
        index += around[..., places[:, k]].astype(np.int32) << k
    return index


def encode(
    bits: np.ndarray, quality: float, tables: Tables, layout: BitLayout, coder: Coder | Any
) -> tuple[bytes, ...]:
    """[h, w, C] of 0 and 1 -> the file's sections."""
    bits = np.asarray(bits, np.uint8)
    streams = [
        coder.encode(bits[rows, :, step][mask].astype(np.int32), index[mask], tables["latents"])
        for step, mask, rows, index, _ in _walk(bits.copy(), quality, layout, bits)
    ]
    return (pack_rows(streams),)


def decode(
    sections: Sequence[bytes],
    quality: float,
    height: int,
    width: int,
    tables: Tables,
    layout: BitLayout,
    coder: Coder | Any,
    partial: bool = False,
) -> np.ndarray:
    """The file's sections -> int32 [height, width, C], 0 where not sent.

    With `partial` the section may break off: a bit that is missing is the one that its table holds
    for likelier, 0 of two alike.

    Raises:
      BitstreamError: the file is damaged.
    """
    count = layout.streams(quality, height)
    streams = Streams(sections[0], count, coder, tables["latents"], MAX_LATENT, partial)
    bits = np.zeros((height, width, layout.channels), np.uint8)
    likelier = _likelier(tables["latents"])
    for _, mask, _, index, store in _walk(bits, quality, layout, None):
        found = streams.decode(index[mask])
        store(likelier[index[mask]] if found is None else found)
    return bits.astype(np.int32)


def _likelier(tables: CdfTables) -> np.ndarray:
    """uint8 [tables]: the likelier bit of each, 0 of two alike."""
    ones_from, end = tables.cdf[tables.starts[:-1] + 2], tables.cdf[tables.starts[1:] - 1]
    return (2 * ones_from < end).astype(np.uint8)


def _walk(
    known: np.ndarray, quality: float, layout: BitLayout, given: np.ndarray | None
) -> Iterator:
    """Every stream in turn: (channels, mask [rows, w, n], rows, table index [rows, w, n], store).

    known: uint8 [h, w, C], zeros where nothing is decoded yet. While decoding, `store` takes a
    stream's bits; while encoding, `given` holds all of them and `known` is a scratch array.
    """
    height, width, _ = known.shape
    known[...] = 0
    places = np.asarray(layout.contexts, np.int64)
    for step, first, seen in layout.passes_of(quality):
        part = slice(step.start, step.start + step.channels)
        board = squares(height, width, step)
        # A pass does not see its own bits: they are put in place when it ends.
        waiting = np.zeros((height, width, step.channels), np.uint8)
        for start in range(0, height, layout.rows_per_stream):
            rows = slice(start, min(start + layout.rows_per_stream, height))
            around = neighbourhood(known[..., :seen], rows)
            index = table_index(around, places[first : first + step.channels], first)
            mask = np.repeat(board[rows, :, None], step.channels, axis=2)

            def store(
                values: np.ndarray,
                rows: Any = rows,
                mask: np.ndarray = mask,
                waiting: Any = waiting,
            ) -> None:
                waiting[rows][mask] = values

            yield part, mask, rows, index, store
        if given is not None:
            waiting = np.where(board[..., None], given[..., part], np.uint8(0))
        known[..., part] |= waiting
