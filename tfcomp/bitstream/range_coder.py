"""The range coder: integers to bytes and back.

`BACKEND` is the implementation: "c" where the extension was built, else "python". Both write the
same bytes, which are those of TensorFlow Compression's operation `entropy_encode_index`. With the
environment variable TFCOMP_RANGE_CODER=python the extension is not used.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from tfcomp.bitstream import python_range_coder
from tfcomp.bitstream.python_range_coder import check_index
from tfcomp.bitstream.tables import CdfTables
from tfcomp.errors import BitstreamError

try:
    from tfcomp.bitstream import _range_coder  # type: ignore[attr-defined]
except ImportError:  # no compiler where this was installed
    _range_coder = None

if os.environ.get("TFCOMP_RANGE_CODER") == "python":
    _range_coder = None

BACKEND = "python" if _range_coder is None else "c"

_INT32 = np.iinfo(np.int32)


class UncodableValueError(ValueError):
    """A value is 2**31 or more away from its table."""


def encode(values: np.ndarray, index: np.ndarray, tables: CdfTables) -> bytes:
    """Writes values[k] (int32 [n]) with table index[k] (int32 [n]); n may be 0.

    The coder's symbol is values[k] - tables.cdf_offset[index[k]].

    Raises:
      ValueError: an index names no table, or a value is outside a table without an escape symbol or
        2**31 or more away from one that has it.
    """
    values, index = _int32(values, "values", 1), _int32(index, "index", 1)
    if values.shape != index.shape:
        raise ValueError(f"values {values.shape} and index {index.shape} differ in shape")
    return _encode_symbols(_to_symbols(values, index, tables), index, tables)


def decode(data: bytes, index: np.ndarray, tables: CdfTables) -> np.ndarray:
    """Reads one value per entry of `index` (int32 [n]) and returns them (int32 [n]).

    Takes at most 63 steps per value, whatever the bytes are.

    Raises:
      BitstreamError: no encoder writes these bytes: some are left over, the last ones are not the
        end of such a stream, or a value is outside int32.
      ValueError: an index names no table.
    """
    index = _int32(index, "index", 1)
    symbols = np.empty(index.shape, dtype=np.int32)
    check_index(index, tables)
    _decode_symbols(data, index, tables, symbols)
    return _to_values(symbols, index, tables)


def encode_rows(values: np.ndarray, index: np.ndarray, tables: CdfTables) -> list[bytes]:
    """Writes each row of `values` as a stream of its own; see `encode`.

    Args:
      values: int32 [rows, n].
      index: int32 [rows, n], or [n] to serve every row.
      tables: of the values.
    """
    values = _int32(values, "values", 2)
    index = _row_index(index, values.shape[0])
    if index.shape != values.shape:
        raise ValueError(f"values {values.shape} and index {index.shape} differ in shape")
    symbols = _to_symbols(values, index, tables)
    return [_encode_symbols(row, row_index, tables) for row, row_index in zip(symbols, index)]


def decode_rows(streams: Sequence[bytes], index: np.ndarray, tables: CdfTables) -> np.ndarray:
    """Reads one row of values from each stream and returns them (int32 [rows, n]); see `decode`.

    Args:
      streams: one for each row.
      index: int32 [rows, n], or [n] to serve every row.
      tables: of the values.
    """
    index = _row_index(index, len(streams))
    if index.shape[0] != len(streams):
        raise ValueError(f"{len(streams)} streams and index {index.shape} differ in rows")
    symbols = np.empty(index.shape, dtype=np.int32)
    check_index(index, tables)
    for stream, row_index, row in zip(streams, index, symbols):
        _decode_symbols(stream, row_index, tables, row)
    return _to_values(symbols, index, tables)


def _encode_symbols(symbols: np.ndarray, index: np.ndarray, tables: CdfTables) -> bytes:
    if _range_coder is None:
        return python_range_coder.encode_symbols(symbols, index, tables)
    return _range_coder.encode(symbols, index, tables.cdf, tables.starts)


def _decode_symbols(data: bytes, index: np.ndarray, tables: CdfTables, out: np.ndarray) -> None:
    if _range_coder is None:
        sound = python_range_coder.decode_symbols(data, index, tables, out)
    else:
        sound = _range_coder.decode(data, index, tables.cdf, tables.starts, out)
    if not sound:
        raise BitstreamError("the coded values are damaged; get an undamaged copy of the file")


def _to_symbols(values: np.ndarray, index: np.ndarray, tables: CdfTables) -> np.ndarray:
    check_index(index, tables)
    offset = tables.cdf_offset.take(index)
    if _stay_int32(values, tables):
        return values - offset
    symbols = values.astype(np.int64) - offset
    if symbols.min() < _INT32.min or symbols.max() > _INT32.max:
        raise UncodableValueError("a value is too far from its table to be coded")
    return symbols.astype(np.int32)


def _to_values(symbols: np.ndarray, index: np.ndarray, tables: CdfTables) -> np.ndarray:
    offset = tables.cdf_offset.take(index)
    if _stay_int32(symbols, tables):
        return symbols + offset
    values = symbols.astype(np.int64) + offset
    if values.min() < _INT32.min or values.max() > _INT32.max:
        raise BitstreamError("a coded value exceeds 32 bits; get an undamaged copy of the file")
    return values.astype(np.int32)


def _stay_int32(numbers: np.ndarray, tables: CdfTables) -> bool:
    """Whether int32 holds the numbers with any offset added or subtracted, as nearly always."""
    if not numbers.size:
        return True
    room = _INT32.max - tables.largest_offset
    return -room <= int(numbers.min()) and int(numbers.max()) <= room


def _row_index(index: np.ndarray, rows: int) -> np.ndarray:
    index = np.asarray(index)
    if index.ndim == 1:
        index = np.broadcast_to(index, (rows, index.shape[0]))
    return _int32(index, "index", 2)


def _int32(array: np.ndarray, name: str, rank: int) -> np.ndarray:
    """`array` as contiguous int32; ValueError where that would change a value."""
    array = np.asarray(array)
    if array.ndim != rank:
        raise ValueError(f"{name} must have rank {rank}, not shape {array.shape}")
    if array.dtype != np.int32 and array.size:
        if array.dtype.kind not in "iu":
            raise ValueError(f"{name} must be integers, not {array.dtype}")
        if array.min() < _INT32.min or array.max() > _INT32.max:
            raise ValueError(f"{name} exceeds int32")
    return np.ascontiguousarray(array, dtype=np.int32)
