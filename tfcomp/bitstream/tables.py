"""Frozen tables of the range coder: integers that are made once, at export, and shipped.

A decoder never derives them from float weights: a single rounding that differs between two machines
would turn the rest of the stream into noise.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from tfcomp.bitstream.zip_directory import check_one_meaning
from tfcomp.errors import BundleError

try:
    import lzma
except ImportError:  # some builds of Python have none, and zipfile does without
    lzma = None  # type: ignore[assignment]

MAX_TABLES_BYTES = 64 * 2**20
MAX_PRECISION = 16

_ARRAYS = {"cdf": "<i4", "cdf_offset": "<i4", "quantization_offset": "<f4"}

_NPY_START = b"\x93NUMPY\x01\x00"
_NPY_PROLOGUE = len(_NPY_START) + 2  # and the header's length
_NPY_HEADER = re.compile(
    rb"\{'descr': '(?P<type><i4|<f4)', 'fortran_order': False, "
    rb"'shape': \((?P<length>0|[1-9][0-9]{0,8}),\), \} *\n"
)

# What zipfile, its decompressors and parsers of their output raise on damaged or hostile bytes.
UNREADABLE: tuple[type[Exception], ...] = (
    OSError,
    ValueError,  # and with it UnicodeDecodeError and json's error
    SyntaxError,
    RuntimeError,  # and with it NotImplementedError and RecursionError
    EOFError,
    LookupError,
    ArithmeticError,  # OverflowError
    MemoryError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
    *((lzma.LZMAError,) if lzma else ()),
)


@dataclass(frozen=True, eq=False)
class CdfTables:
    """N cumulative distributions, and where the symbols of each lie among the integers.

    The arrays are copied and read-only.

    Attributes:
      cdf: int32 [M], the tables one after another, each as [-precision, 0, c1, c2, ...,
        2**precision], rising strictly, precision 1 to 16. After a negative precision the last
        interval is the escape symbol, which stands for every value outside the table; after a
        positive one there is no escape. This is the one-dimensional `lookup` of TensorFlow
        Compression's range coder ops.
      cdf_offset: int32 [N]; the coder's symbol is value - cdf_offset[index].
      quantization_offset: float32 [N]; subtracted before rounding and added after. The range coder
        ignores it.
      starts: int32 [N + 1], derived; table i is cdf[starts[i]:starts[i + 1]].

    Raises:
      BundleError: they do not fit together.
    """

    cdf: np.ndarray
    cdf_offset: np.ndarray
    quantization_offset: np.ndarray
    starts: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        for name, dtype in _ARRAYS.items():
            array = _exact_copy(getattr(self, name), np.dtype(dtype).newbyteorder("="), name)
            object.__setattr__(self, name, array)
        starts = _table_starts(self.cdf)
        tables = len(starts) - 1
        for name in ("cdf_offset", "quantization_offset"):
            if len(getattr(self, name)) != tables:
                raise BundleError(
                    f"{name} has {len(getattr(self, name))} entries for {tables} tables; "
                    "export the bundle again"
                )
        if not np.isfinite(self.quantization_offset).all():
            raise BundleError("quantization_offset is not finite; export the bundle again")
        object.__setattr__(self, "starts", starts)

    @property
    def count(self) -> int:
        """Number of tables, N."""
        return len(self.starts) - 1

    @cached_property
    def largest_offset(self) -> int:
        """The largest size of a `cdf_offset`."""
        return int(np.abs(self.cdf_offset.astype(np.int64)).max())

    @cached_property
    def models(self) -> list[tuple[list[int], int, int]]:
        """The tables as Python numbers, made once.

        For each: its cumulative values from 0, its precision, and its escape symbol (-1: none).
        """
        flat, starts = self.cdf.tolist(), self.starts.tolist()
        return [
            (flat[start + 1 : stop], abs(flat[start]), stop - start - 3 if flat[start] < 0 else -1)
            for start, stop in zip(starts[:-1], starts[1:])
        ]

    def digest(self) -> str:
        """SHA-256 over the arrays' lengths and little-endian bytes, as 64 hex digits."""
        sha256 = hashlib.sha256()
        for name, dtype in _ARRAYS.items():
            array = getattr(self, name).astype(dtype)
            sha256.update(len(array).to_bytes(8, "little") + array.tobytes())
        return sha256.hexdigest()

    def to_arrays(self, prefix: str) -> dict[str, np.ndarray]:
        """The three arrays under "<prefix>/cdf" and so on."""
        return {f"{prefix}/{name}": getattr(self, name) for name in _ARRAYS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], prefix: str) -> CdfTables:
        """The inverse of `to_arrays`; BundleError where an array is missing or wrong."""
        missing = [name for name in _ARRAYS if f"{prefix}/{name}" not in arrays]
        if missing:
            raise BundleError(
                f"tables lack {', '.join(f'{prefix}/{name}' for name in missing)}; "
                "export the bundle again"
            )
        return cls(*(arrays[f"{prefix}/{name}"] for name in _ARRAYS))


def save_tables(path: str | os.PathLike[str], tables: Mapping[str, CdfTables]) -> None:
    """Writes the tables of all sections, by section name, as an `.npz` that `np.load` reads.

    The bytes depend on the tables alone: the same tables give the same file on every machine.
    (`np.savez` does not promise that: its header padding has changed between NumPy versions.)
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for prefix in sorted(tables):
            for key, array in tables[prefix].to_arrays(prefix).items():
                entry = zipfile.ZipInfo(f"{key}.npy", date_time=(1980, 1, 1, 0, 0, 0))
                entry.create_system = 3
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, _npy_bytes(array, _ARRAYS[key[len(prefix) + 1 :]]))


def load_tables(source: str | os.PathLike[str] | bytes) -> dict[str, CdfTables]:
    """Reads what `save_tables` wrote.

    It reads no pickles, allocates no array that the file's bytes do not fill, and refuses archives
    that two readers of zip files could read in two ways.

    Args:
      source: the file's path, or its bytes.

    Raises:
      BundleError: the file is anything else.
    """
    name = "tables.npz" if isinstance(source, bytes) else os.fspath(source)
    try:
        arrays = _arrays_of(_content_of(source, name), name)
    except BundleError:
        raise
    except FileNotFoundError:
        raise BundleError(f"{name} does not exist; export the bundle again") from None
    except UNREADABLE as error:
        reason = " ".join(str(error).split())
        raise BundleError(f"{name} cannot be read ({reason}); export the bundle again") from error
    prefixes = sorted({key.rpartition("/")[0] for key in arrays})
    unknown = [key for key in arrays if key.rpartition("/")[2] not in _ARRAYS]
    if unknown or not prefixes:
        raise BundleError(f"{name} is not a file of tables; export the bundle again")
    return {prefix: CdfTables.from_arrays(arrays, prefix) for prefix in prefixes}


def _content_of(source: str | os.PathLike[str] | bytes, name: str) -> bytes:
    if isinstance(source, bytes):
        content = source
    else:
        if not stat.S_ISREG(os.stat(source).st_mode):  # opening a pipe would wait for a writer
            raise ValueError("not a regular file")
        with open(source, "rb") as file:
            content = file.read(MAX_TABLES_BYTES + 1)
    if len(content) > MAX_TABLES_BYTES:
        raise BundleError(f"{name} holds more than {MAX_TABLES_BYTES} bytes; check it")
    return content


def _arrays_of(content: bytes, name: str) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > MAX_TABLES_BYTES:
            raise BundleError(f"{name} holds more than {MAX_TABLES_BYTES} bytes; check it")
        check_one_meaning(content, archive)
        arrays = {}
        for entry in entries:
            if not entry.filename.endswith(".npy"):
                raise ValueError(f"unexpected entry {entry.filename!r}")
            with archive.open(entry) as stream:
                array = stream.read(entry.file_size + 1)
            arrays[entry.filename[: -len(".npy")]] = _npy_array(array)
    return arrays


def _exact_copy(array: np.ndarray, dtype: np.dtype, name: str) -> np.ndarray:
    """A read-only contiguous copy as `dtype`; BundleError where that would change a value."""
    array = np.asarray(array)
    kinds = "iu" if dtype.kind == "i" else "fiu"
    if array.ndim != 1 or (array.dtype.kind not in kinds and array.size):
        raise BundleError(
            f"{name} must be a vector of {dtype.name}, not {array.dtype.name} {array.shape}; "
            "export the bundle again"
        )
    copy = array.astype(dtype)
    if dtype.kind == "i" and not np.array_equal(copy, array):
        raise BundleError(f"{name} exceeds {dtype.name}; export the bundle again")
    copy.flags.writeable = False
    return copy


def _table_starts(cdf: np.ndarray) -> np.ndarray:
    """int32 [N + 1]: where each table starts, then the end; checks every entry."""
    entries = cdf.tolist()
    starts = [0]
    while starts[-1] < len(entries):
        start = starts[-1]
        precision = abs(entries[start])
        if not 1 <= precision <= MAX_PRECISION:
            raise BundleError(
                f"table {len(starts) - 1} has precision {precision}, not 1 to {MAX_PRECISION}; "
                "export the bundle again"
            )
        try:
            starts.append(entries.index(1 << precision, start + 2) + 1)
        except ValueError:
            raise BundleError(
                f"table {len(starts) - 1} does not end in 2**{precision}; export the bundle again"
            ) from None
        if entries[starts[-1] : starts[-1] + 1] == [1 << precision]:
            # TensorFlow Compression takes this for padding, even where a precision was meant.
            raise BundleError(
                f"table {len(starts) - 2} is followed by its own last value; "
                "export the bundle again"
            )
    if len(starts) == 1:
        raise BundleError("there are no tables; export the bundle again")
    result = np.array(starts, dtype=np.int32)
    rises = np.diff(cdf.astype(np.int64)) > 0
    first_steps = result[:-1]  # from a precision to the 0 after it: any order
    rises[first_steps] = True
    rises[first_steps[1:] - 1] = True  # from one table's end to the next one's precision
    if cdf[first_steps + 1].any() or not rises.all():
        raise BundleError("a table does not rise strictly from 0; export the bundle again")
    result.flags.writeable = False
    return result


def _npy_bytes(array: np.ndarray, dtype: str) -> bytes:
    """A vector in NumPy's .npy format, version 1.0, with the least padding the format asks for."""
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({len(array)},), }}"
    padding = -(10 + len(header) + 1) % 64
    text = (header + " " * padding + "\n").encode("ascii")
    prologue = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little")
    return prologue + text + array.astype(dtype).tobytes()


def _npy_array(content: bytes) -> np.ndarray:
    """A vector from .npy bytes; ValueError unless they are exactly as NumPy writes them.

    Other headers that NumPy reads could mean something else to a simpler reader.
    """
    if content[: len(_NPY_START)] != _NPY_START:
        raise ValueError("not an .npy file of version 1.0")
    start = _NPY_PROLOGUE + int.from_bytes(content[len(_NPY_START) : _NPY_PROLOGUE], "little")
    header = _NPY_HEADER.fullmatch(content[_NPY_PROLOGUE:start])
    if header is None or start > len(content):
        raise ValueError("an array that is no vector of int32 or float32")
    data = content[start:]
    if int(header["length"]) * 4 != len(data):
        raise ValueError("an array's data do not have the length its header says")
    return np.frombuffer(data, dtype=header["type"].decode("ascii"))
