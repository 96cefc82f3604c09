"""Arrays of samples in files: TIFF, NumPy, Zarr, and pictures of one or three channels.

    .npy      [H, W], [H, W, C] or [N, H, W, C]; of one channel also [N, H, W]
    .tif      as its axes say: pages and stacks are pictures of their own, unless a file has as many
              pages as pictures have channels
    .zarr     an array of the shapes of .npy, read in parts
    others    what Pillow reads; of more than 8 bits a sample, what imagecodecs reads

`pages_of` looks at headers only. Samples come as they are stored, none is scaled. A file may
also be given by its bytes, as standard input and Beam have them.
"""

from __future__ import annotations

import functools
import io
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tfcomp.errors import CodecError, ImageError, one_line
from tfcomp.folder_contents import suffix_of
from tfcomp.image_spec import ImageSpec
from tfcomp.images.conversion import Storage
from tfcomp.images.opening import open_image
from tfcomp.images.samples import is_deep

ARRAY_SUFFIXES = (".npy", ".tif", ".tiff", ".zarr")
_TIFF = (".tif", ".tiff")
_NPY_START = b"\x93NUMPY"
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class Page(NamedTuple):
    """One picture of a file.

    Attributes:
      path: of the file, or of a Zarr array's folder.
      shape: (H, W, channels).
      dtype: of the samples as they are stored.
      read: (rows, columns) -> that part, [h, w, channels]; slices with explicit ends.
    """

    path: str
    shape: tuple[int, int, int]
    dtype: np.dtype
    read: Callable[[slice, slice], np.ndarray]

    def whole(self) -> np.ndarray:
        """[H, W, channels]."""
        return np.ascontiguousarray(self.read(slice(0, self.shape[0]), slice(0, self.shape[1])))


class _File(NamedTuple):
    """A file by its path, or by its bytes.

    Attributes:
      name: the path; of bytes what messages call them.
      content: None where there is a path.
    """

    name: str
    content: bytes | None = None

    def opened(self) -> Any:
        """What readers take: the path, or a stream of the bytes."""
        return self.name if self.content is None else io.BytesIO(self.content)

    @property
    def suffix(self) -> str:
        """.npy, .tif, .zarr, or that of another picture; of bytes by how they start."""
        if self.content is None:
            return suffix_of(self.name.rstrip("/"))
        if self.content.startswith(_NPY_START):
            return ".npy"
        return ".tif" if self.content.startswith(_TIFF_STARTS) else ""

    @property
    def state(self) -> tuple[int, ...]:
        """What changes where the file at the path is written anew."""
        if self.content is not None:
            return ()
        found = os.stat(self.name)
        return (found.st_mtime_ns, found.st_size, found.st_ino)


def pages_of(source: str | os.PathLike | bytes, spec: ImageSpec) -> list[Page]:
    """The pictures of a file.

    Args:
      source: the path of a file, or of a folder that is a Zarr array; or the bytes of a file.
      spec: what they should be: tells channels from pages where a shape alone does not.

    Raises:
      ImageError: it cannot be read, or its axes fit no such pictures.
      CodecError: a package is needed for it; the message says which.
    """
    if isinstance(source, bytes):
        file = _File("the input", source)
    else:
        file = _File(os.fspath(source))
    try:
        if file.suffix == ".zarr":
            return _pages_of_array(_open_zarr(file.name), file.name, spec)
        if file.suffix == ".npy":
            mode: Any = "r" if file.content is None else None
            array = np.load(file.opened(), mmap_mode=mode, allow_pickle=False)
            return _pages_of_array(array, file.name, spec)
        if file.suffix in _TIFF:
            return _pages_of_tiff(file, spec)
        return [_page_of_picture(file)]
    except CodecError:
        raise
    except Exception as error:  # noqa: BLE001 - readers raise many types on damaged files
        raise ImageError(f"{file.name} cannot be read: {one_line(error)}") from None


def _pages_of_array(array: Any, name: str, spec: ImageSpec) -> list[Page]:
    """Pages of an array with `shape`, `dtype` and slicing."""
    shape, channels = tuple(array.shape), spec.channels
    if len(shape) == 2 and channels == 1:
        return [_part(array, name, shape, lambda r, c: array[r, c])]
    if len(shape) == 3 and shape[2] == channels:
        return [_part(array, name, shape, lambda r, c: array[r, c])]
    if len(shape) == 3 and channels == 1 and shape[0] != 1:
        return [
            _part(array, name, shape[1:], functools.partial(_of_stack, array, number))
            for number in range(shape[0])
        ]
    if len(shape) == 4 and shape[3] == channels:
        return [
            _part(array, name, shape[1:], functools.partial(_of_stack, array, number))
            for number in range(shape[0])
        ]
    raise ImageError(f"{name}: {axes_fault(shape, spec)}")


def axes_fault(shape: tuple[int, ...], spec: ImageSpec) -> str:
    """What is wrong with an array of this shape."""
    said = f"an array of shape {list(shape)} is no picture of {spec}"
    if len(shape) in (3, 4) and shape[-3] == spec.channels and shape[-1] != spec.channels:
        return (
            f"{said}: its channels come first; give [H, W, C], as numpy.moveaxis(array, -3, -1) "
            "does"
        )
    if len(shape) == 2:
        return f"{said}: it has one channel; give [H, W, {spec.channels}]"
    return f"{said}; give [H, W, {spec.channels}]"


def _of_stack(array: Any, number: int, rows: slice, columns: slice) -> np.ndarray:
    return array[number, rows, columns]


def _part(
    array: Any, name: str, shape: tuple[int, ...], read: Callable[[slice, slice], Any]
) -> Page:
    height, width, channels = (*shape, 1)[:3]

    def read_part(rows: slice, columns: slice) -> np.ndarray:
        part = np.asarray(read(rows, columns))
        return part[:, :, None] if part.ndim == 2 else part

    return Page(name, (height, width, channels), np.dtype(array.dtype), read_part)


def _open_zarr(name: str) -> Any:
    try:
        import zarr
    except ImportError:
        raise CodecError(
            f"{name} is a Zarr array, which needs the package zarr; run: pip install "
            "'tfcomp[arrays]'"
        ) from None
    found = zarr.open(name, mode="r")
    if not hasattr(found, "shape"):
        inside = ", ".join(sorted(str(key) for key in found)[:5])
        raise ImageError(f"{name} is a Zarr group; name one of its arrays: {inside}")
    return found


def _pages_of_tiff(file: _File, spec: ImageSpec) -> list[Page]:
    try:
        import tifffile
    except ImportError:
        if spec.channels in (1, 3):
            return [_page_of_picture(file)]  # what Pillow reads of it
        raise CodecError(
            f"{file.name} is a TIFF of {spec.channels} channels, which needs the package tifffile; "
            "run: pip install 'tfcomp[arrays]'"
        ) from None
    with tifffile.TiffFile(file.opened()) as opened:
        return [
            page
            for number, series in enumerate(opened.series)
            for page in _pages_of_series(
                file, number, series.axes, series.shape, series.dtype, spec
            )
        ]


def _pages_of_series(
    file: _File, number: int, axes: str, shape: tuple[int, ...], dtype: Any, spec: ImageSpec
) -> list[Page]:
    """Pages of a series of a TIFF, whose axes tifffile names by letters: Y, X, S(amples), ..."""
    if "Y" not in axes or "X" not in axes:
        raise ImageError(f"{file.name}: its axes are {axes}, without rows (Y) and columns (X)")
    others = [axis for axis in range(len(axes)) if axes[axis] not in "YX"]
    channel = next((axis for axis in others if axes[axis] in "SC"), None)
    if channel is None and spec.channels > 1:
        channel = next((axis for axis in others if shape[axis] == spec.channels), None)
    if (1 if channel is None else shape[channel]) != spec.channels:
        count = 1 if channel is None else shape[channel]
        raise ImageError(
            f"{file.name}: its pictures have {count} channel{'s' if count > 1 else ''} (axes "
            f"{axes}, shape {list(shape)}), not the {spec.channels} of {spec}"
        )
    stacked = [axis for axis in others if axis != channel]
    order = [*stacked, axes.index("Y"), axes.index("X"), *([] if channel is None else [channel])]
    size = (shape[axes.index("Y")], shape[axes.index("X")], spec.channels)
    count = int(np.prod([shape[axis] for axis in stacked], dtype=np.int64))

    def read(page: int, rows: slice, columns: slice) -> np.ndarray:
        found = series() if file.content is not None else _series(file, file.state, number)
        return found.transpose(order).reshape(count, *size)[page, rows, columns]

    # Bytes are kept by no cache: its pages keep what is read of them.
    series = functools.lru_cache(1)(functools.partial(_read_series, file, number))
    return [
        Page(file.name, size, np.dtype(dtype), functools.partial(read, page))
        for page in range(count)
    ]


@functools.lru_cache(maxsize=4)
def _series(file: _File, state: tuple[int, ...], number: int) -> np.ndarray:
    """A series of a TIFF; the last ones are kept, as their pages are read one after another."""
    del state
    return _read_series(file, number)


def _read_series(file: _File, number: int) -> np.ndarray:
    import tifffile

    try:
        with tifffile.TiffFile(file.opened()) as opened:
            return opened.series[number].asarray()
    except ValueError as error:  # of compressions that tifffile leaves to imagecodecs
        if "imagecodecs" in str(error):
            raise CodecError(f"{file.name}: {_needs_imagecodecs(str(error))}") from None
        raise


def _needs_imagecodecs(what: str) -> str:
    return f"{one_line(Exception(what))}; run: pip install 'tfcomp[arrays]'"


def _page_of_picture(file: _File) -> Page:
    """A picture as Pillow reads it, if that keeps all bits; else as imagecodecs does."""
    with open_image(file.opened()) as image:
        width, height = image.size
        halved = any("reduced to 8" in note for note in Storage.of(image).notes)
        mode = image.mode
    if not halved:
        channels = 1 if mode in ("1", "L") or is_deep(mode) else 3
        deep = np.dtype(np.float32) if mode == "F" else np.dtype(np.uint16)
        dtype = deep if is_deep(mode) else np.dtype(np.uint8)
        shape = (height, width, channels)
        return Page(file.name, shape, dtype, lambda r, c: _pillow_samples(file)[r, c])
    found = _codec_samples(file, file.state)
    size = (found.shape[0], found.shape[1], found.shape[2])
    return Page(file.name, size, found.dtype, lambda r, c: _codec_samples(file, file.state)[r, c])


def _pillow_samples(file: _File) -> np.ndarray:
    with open_image(file.opened()) as image:
        image.load()
        if is_deep(image.mode):
            samples = np.asarray(image)
            if samples.dtype == np.int32:  # Pillow's mode I
                if samples.min() < 0 or samples.max() > 65535:
                    raise ImageError(f"{file.name}: its samples are beyond 16 bits")
                samples = samples.astype(np.uint16)
            return samples.astype(samples.dtype.newbyteorder("="))[:, :, None]
        mode = {"1": "L", "L": "L"}.get(image.mode, "RGB")
        samples = np.asarray(image.convert(mode))
        return samples[:, :, None] if samples.ndim == 2 else samples


@functools.lru_cache(maxsize=2)
def _codec_samples(file: _File, state: tuple[int, ...]) -> np.ndarray:
    """[H, W, C] of a picture whose 16-bit colours Pillow would halve."""
    del state
    try:
        import imagecodecs
    except ImportError:
        raise CodecError(
            f"{file.name} has 16-bit colours, which need the package imagecodecs; run: pip install "
            "'tfcomp[arrays]'"
        ) from None
    samples = np.asarray(imagecodecs.imread(file.opened()))
    return samples[:, :, None] if samples.ndim == 2 else samples
