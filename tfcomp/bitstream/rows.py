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

from tfcomp.bitstream.varint import decode_varint, encode_varint
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


def unpack_rows(data: bytes, rows: int) -> list[bytes]:
    """Splits a section into its `rows` streams; the inverse of `pack_rows`.

    Every length is checked against the bytes that are there before anything is allocated.

    Raises:
      BitstreamError: the section is not exactly `rows` streams.
      ValueError: rows < 1.
    """
    if rows < 1:
        raise ValueError(f"a section holds at least one row, not {rows}")
    view = memoryview(data).cast("B")
    shortest, position = decode_varint(view, 0)
    if position >= len(view):
        raise BitstreamError("a section ends in its row lengths; get an undamaged copy of the file")
    bits = view[position]
    position += 1
    if bits > _MAX_DELTA_BITS:
        raise BitstreamError(
            f"row lengths of {bits} bits exceed {_MAX_DELTA_BITS}; "
            "get an undamaged copy of the file"
        )
    packed_bytes = (rows * bits + 7) // 8
    if packed_bytes + rows * shortest > len(view) - position:
        raise BitstreamError("rows run past their section; get an undamaged copy of the file")
    lengths = _unpack_deltas(view[position : position + packed_bytes], rows, bits) + shortest
    position += packed_bytes
    if int(lengths.sum()) != len(view) - position:
        raise BitstreamError("rows do not fill their section; get an undamaged copy of the file")
    stops = position + np.cumsum(lengths)
    return [
        bytes(view[stop - length : stop]) for stop, length in zip(stops.tolist(), lengths.tolist())
    ]


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
