"""How one section of the container holds one entropy-coded stream per latent row.

    shortest   varint         length in bytes of the shortest stream
    bits       1 byte, 0..32  width of each length delta
    deltas     bits * rows    stream length minus `shortest`, low bit first, packed into whole
                              bytes; the unused high bits of the last byte are zero
    streams                   one after another, first row first

The number of rows is not stored: it follows from the image's size. `pack_rows` uses the narrowest
deltas; `unpack_rows` accepts any width, which allows for simpler writers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfcomp.bitstream.varint import MAX_BYTES, decode_varint, encode_varint
from tfcomp.errors import BitstreamError

_MAX_DELTA_BITS = 32


def pack_rows(streams: Sequence[bytes]) -> bytes:
    """Joins the streams of an image's latent rows (at least one) into one section."""
    if not streams:
        raise ValueError("a section holds at least one row")
    lengths = np.array([len(stream) for stream in streams], dtype=np.int64)
    shortest = int(lengths.min())
    deltas = lengths - shortest
    bits = int(deltas.max()).bit_length()
    if bits > _MAX_DELTA_BITS:
        raise ValueError("a row's stream is longer than 2**32 bytes")
    planes = (deltas[:, None] >> np.arange(bits)) & 1
    packed = np.packbits(planes.astype(np.uint8).reshape(-1), bitorder="little")
    return b"".join([encode_varint(shortest), bytes([bits]), packed.tobytes(), *streams])


def unpack_rows(data: bytes, rows: int, partial: bool = False) -> list[bytes]:
    """Splits a section into its `rows` streams; the inverse of `pack_rows`.

    Every length is checked against the bytes that are there before anything is allocated.

    Args:
      data: the section.
      rows: how many streams it holds.
      partial: whether it may break off; then only the streams that are whole come back.

    Raises:
      BitstreamError: the section is not exactly `rows` streams.
      ValueError: rows < 1.
    """
    view = memoryview(data).cast("B")
    found = _stops(view, rows, partial)
    if found is None:
        return []
    stops, lengths = found
    whole = int(np.searchsorted(stops, len(view), side="right"))
    return [
        bytes(view[stop - length : stop])
        for stop, length in zip(stops[:whole].tolist(), lengths[:whole].tolist())
    ]


def stream_ends(data: bytes, rows: int) -> np.ndarray | None:
    """Where each of a section's `rows` streams ends, counted from the section's start: int64.

    Args:
      data: the section, or its first bytes.
      rows: how many streams it holds.

    Returns:
      None where the bytes break off before the lengths end.

    Raises:
      BitstreamError: they do not begin a section.
    """
    found = _stops(memoryview(data).cast("B"), rows, partial=True)
    return None if found is None else found[0]


def _stops(view: memoryview, rows: int, partial: bool) -> tuple[np.ndarray, np.ndarray] | None:
    """Where streams end, and their lengths: int64 [rows]; None where a part ends before these."""
    if rows < 1:
        raise ValueError(f"a section holds at least one row, not {rows}")
    try:
        shortest, position = decode_varint(view, 0)
    except BitstreamError:
        if partial and len(view) < MAX_BYTES and all(byte & 0x80 for byte in view):
            return None
        raise
    if position >= len(view):
        if partial:
            return None
        raise BitstreamError("a section ends in its row lengths; get an undamaged copy of the file")
    bits = view[position]
    position += 1
    if bits > _MAX_DELTA_BITS:
        raise BitstreamError(
            f"row lengths of {bits} bits exceed {_MAX_DELTA_BITS}; "
            "get an undamaged copy of the file"
        )
    packed_bytes = (rows * bits + 7) // 8
    if partial and packed_bytes > len(view) - position:
        return None
    if not partial and packed_bytes + rows * shortest > len(view) - position:
        raise BitstreamError("rows run past their section; get an undamaged copy of the file")
    lengths = _unpack_deltas(view[position : position + packed_bytes], rows, bits) + shortest
    stops = position + packed_bytes + np.cumsum(lengths)
    if stops[-1] != len(view) and not (partial and stops[-1] > len(view)):
        raise BitstreamError("rows do not fill their section; get an undamaged copy of the file")
    return stops, lengths


def _unpack_deltas(packed: memoryview, rows: int, bits: int) -> np.ndarray:
    """int64 [rows] from `bits`-bit fields, low bit first; checks the padding."""
    deltas = np.zeros(rows, dtype=np.int64)
    if bits == 0:
        return deltas
    flat = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), bitorder="little")
    if flat[rows * bits :].any():
        raise BitstreamError("row lengths are not padded with zeros; get an undamaged copy")
    planes = flat[: rows * bits].reshape(rows, bits)
    for bit in range(bits):
        deltas |= planes[:, bit].astype(np.int64) << bit
    return deltas
