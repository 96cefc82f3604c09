"""Arrays of samples in files: TIFF, NumPy, Zarr, and pictures of one or three channels.

    .npy      [H, W], [H, W, C] or [N, H, W, C]; of one channel also [N, H, W]
    .tif      as its axes say: pages and stacks are pictures of their own, unless a file has as many
              pages as pictures have channels
    .zarr     an array of the shapes of .npy, read in parts
    others    what Pillow reads; of more than 8 bits a sample, what imagecodecs reads

`pages_of` looks at headers only. Samples come as they are stored, none is scaled.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
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


def pages_of(path: str | os.PathLike, spec: ImageSpec) -> list[Page]:
    """The pictures of a file.

    Args:
      path: of a file; or of a folder, a Zarr array.
      spec: what they should be: tells channels from pages where a shape alone does not.

    Raises:
      ImageError: it cannot be read, or its axes fit no such pictures.
      CodecError: a package is needed for it; the message says which.
    """
    name = os.fspath(path)
    suffix = suffix_of(name.rstrip("/"))
    try:
        if suffix == ".zarr":
            return _pages_of_array(_open_zarr(name), name, spec)
        if suffix == ".npy":
            return _pages_of_array(np.load(name, mmap_mode="r", allow_pickle=False), name, spec)
        if suffix in _TIFF:
            return _pages_of_tiff(name, spec)
        return [_page_of_picture(name)]
    except CodecError:
        raise
    except Exception as error:  # noqa: BLE001 - readers raise many types on damaged files
        raise ImageError(f"{name} cannot be read: {one_line(error)}") from None


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


def _pages_of_tiff(name: str, spec: ImageSpec) -> list[Page]:
    try:
        import tifffile
    except ImportError:
        if spec.channels in (1, 3):
            return [_page_of_picture(name)]  # what Pillow reads of it
        raise CodecError(
            f"{name} is a TIFF of {spec.channels} channels, which needs the package tifffile; "
            "run: pip install 'tfcomp[arrays]'"
        ) from None
    with tifffile.TiffFile(name) as file:
        return [
            page
            for number, series in enumerate(file.series)
            for page in _pages_of_series(
                name, number, series.axes, series.shape, series.dtype, spec
            )
        ]


def _pages_of_series(
    name: str, number: int, axes: str, shape: tuple[int, ...], dtype: Any, spec: ImageSpec
) -> list[Page]:
    """Pages of a series of a TIFF, whose axes tifffile names by letters: Y, X, S(amples), ..."""
    if "Y" not in axes or "X" not in axes:
        raise ImageError(f"{name}: its axes are {axes}, without rows (Y) and columns (X)")
    others = [axis for axis in range(len(axes)) if axes[axis] not in "YX"]
    channel = next((axis for axis in others if axes[axis] in "SC"), None)
    if channel is None and spec.channels > 1:
        channel = next((axis for axis in others if shape[axis] == spec.channels), None)
    if (1 if channel is None else shape[channel]) != spec.channels:
        count = 1 if channel is None else shape[channel]
        raise ImageError(
            f"{name}: its pictures have {count} channel{'s' if count > 1 else ''} (axes {axes}, "
            f"shape {list(shape)}), not the {spec.channels} of {spec}"
        )
    stacked = [axis for axis in others if axis != channel]
    order = [*stacked, axes.index("Y"), axes.index("X"), *([] if channel is None else [channel])]
    size = (shape[axes.index("Y")], shape[axes.index("X")], spec.channels)
    count = int(np.prod([shape[axis] for axis in stacked], dtype=np.int64))

    def read(page: int, rows: slice, columns: slice) -> np.ndarray:
        whole = _series(name, number).transpose(order).reshape(count, *size)
        return whole[page, rows, columns]

    return [
        Page(name, size, np.dtype(dtype), functools.partial(read, page)) for page in range(count)
    ]


@functools.lru_cache(maxsize=4)
def _series(name: str, number: int) -> np.ndarray:
    """A series of a TIFF; the last ones are kept, as their pages are read one after another."""
    import tifffile

    try:
        with tifffile.TiffFile(name) as file:
            return file.series[number].asarray()
    except ValueError as error:  # of compressions that tifffile leaves to imagecodecs
        if "imagecodecs" in str(error):
            raise CodecError(f"{name}: {_needs_imagecodecs(str(error))}") from None
        raise


def _needs_imagecodecs(what: str) -> str:
    return f"{one_line(Exception(what))}; run: pip install 'tfcomp[arrays]'"


def _page_of_picture(name: str) -> Page:
    """A picture as Pillow reads it, if that keeps all bits; else as imagecodecs does."""
    with open_image(Path(name)) as image:
        width, height = image.size
        halved = any("reduced to 8" in note for note in Storage.of(image).notes)
        mode = image.mode
    if not halved:
        channels = 1 if mode in ("1", "L") or is_deep(mode) else 3
        deep = np.dtype(np.float32) if mode == "F" else np.dtype(np.uint16)
        dtype = deep if is_deep(mode) else np.dtype(np.uint8)
        shape = (height, width, channels)
        return Page(name, shape, dtype, lambda r, c: _pillow_samples(name)[r, c])
    found = _codec_samples(name)
    size = (found.shape[0], found.shape[1], found.shape[2])
    return Page(name, size, found.dtype, lambda r, c: _codec_samples(name)[r, c])


def _pillow_samples(name: str) -> np.ndarray:
    with open_image(Path(name)) as image:
        image.load()
        if is_deep(image.mode):
            samples = np.asarray(image)
            if samples.dtype == np.int32:  # Pillow's mode I
                if samples.min() < 0 or samples.max() > 65535:
                    raise ImageError(f"{name}: its samples are beyond 16 bits")
                samples = samples.astype(np.uint16)
            return samples.astype(samples.dtype.newbyteorder("="))[:, :, None]
        mode = {"1": "L", "L": "L"}.get(image.mode, "RGB")
        samples = np.asarray(image.convert(mode))
        return samples[:, :, None] if samples.ndim == 2 else samples


@functools.lru_cache(maxsize=2)
def _codec_samples(name: str) -> np.ndarray:
    """[H, W, C] of a picture whose 16-bit colours Pillow would halve."""
    try:
        import imagecodecs
    except ImportError:
        raise CodecError(
            f"{name} has 16-bit colours, which need the package imagecodecs; run: pip install "
            "'tfcomp[arrays]'"
        ) from None
    samples = np.asarray(imagecodecs.imread(name))
    return samples[:, :, None] if samples.ndim == 2 else samples
