"""Arrays of samples in files: TIFF, NumPy, Zarr, and pictures of one or three channels.

    .npy      [H, W], [H, W, C] or [N, H, W, C]; of one channel also [N, H, W]
    .npz      one such array
    .tif      as its axes say: pages and stacks are pictures of their own, unless a file has as many
              pages as pictures have channels
    .zarr     an array as its dimensions are named, or of the shapes of .npy; or a group with one
    others    what Pillow reads; of more than 8 bits a sample, what imagecodecs reads

`stacks_of` looks at headers only. Samples come as they are stored, none is scaled. A file may
also be given by its bytes, as standard input and Beam have them.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable
from typing import Any, NamedTuple, Optional, Tuple, Union

import numpy as np

from tfcomp.errors import CodecError, ImageError, one_line
from tfcomp.image_spec import ImageSpec
from tfcomp.images.array_axes import plain_axes
from tfcomp.images.conversion import Storage
from tfcomp.images.given_file import GivenFile
from tfcomp.images.npz_files import open_npz
from tfcomp.images.opening import open_image
from tfcomp.images.samples import is_deep
from tfcomp.images.tiff_series import open_series
from tfcomp.images.zarr_arrays import is_zarr, open_array

_TIFF = (".tif", ".tiff")


@dataclasses.dataclass(frozen=True)
class Stack:
    """Pictures of one size in a file.

    Attributes:
      path: of the file, or of a Zarr array's folder.
      count: how many pictures.
      shape: (H, W, channels) of each.
      dtype: of the samples as they are stored.
      no_data: the value that the file gives pixels without data; None if it names none.
      part: (picture, rows, columns) -> that part, [h, w, channels]; slices with explicit ends.
    """

    path: str
    count: int
    shape: Tuple[int, int, int]
    dtype: np.dtype
    no_data: Optional[float]
    part: Callable[[int, slice, slice], np.ndarray]


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


def pages_of(source: Union[str, os.PathLike, bytes], spec: ImageSpec) -> list[Page]:
    """The pictures of a file, one by one; see `stacks_of`."""
    return [
        Page(stack.path, stack.shape, stack.dtype, functools.partial(stack.part, picture))
        for stack in stacks_of(source, spec)
        for picture in range(stack.count)
    ]


def stacks_of(
    source: Union[str, os.PathLike, bytes], spec: ImageSpec, grey: bool = False
) -> list[Stack]:
    """The pictures of a file.

    Args:
      source: the path of a file, or of a folder that is a Zarr array; or the bytes of a file.
      spec: what they should be: tells channels from pages where a shape alone does not.
      grey: whether pictures of one channel do where the spec has more; pages of a TIFF are then
        never the channels of one picture.

    Raises:
      ImageError: it cannot be read, or its axes fit no such pictures.
      CodecError: a package is needed for it; the message says which.
    """
    file = GivenFile.of(source)
    try:
        if file.content is None and is_zarr(file.name):
            array, axes, no_data = open_array(file.name, spec, grey)
            return [_stack(file.name, array, axes, no_data)]
        if file.suffix in (".npy", ".npz"):
            array = _open_npy(file) if file.suffix == ".npy" else open_npz(file.name)
            return [_stack(file.name, array, plain_axes(array.shape, spec, grey))]
        if file.suffix in _TIFF:
            return _stacks_of_tiff(file, spec, grey)
        return [_stack_of_picture(file)]
    except CodecError as error:
        if file.name in str(error):
            raise
        raise type(error)(f"{file.name}: {error}") from None
    except Exception as error:  # noqa: BLE001 - readers raise many types on damaged files
        raise ImageError(f"{file.name} cannot be read: {one_line(error)}") from None


def _open_npy(file: GivenFile) -> Any:
    mode: Any = "r" if file.content is None else None
    return np.load(file.opened(), mmap_mode=mode, allow_pickle=False)


def _stack(name: str, array: Any, axes: Any, no_data: Optional[float] = None) -> Stack:
    shape = tuple(array.shape)
    return Stack(
        name,
        axes.count(shape),
        axes.size(shape),
        np.dtype(array.dtype),
        no_data,
        functools.partial(axes.part, array),
    )


def _stacks_of_tiff(file: GivenFile, spec: ImageSpec, grey: bool) -> list[Stack]:
    try:
        found = open_series(file, spec, grey)
    except ImportError:
        if spec.channels in (1, 3):
            return [_stack_of_picture(file)]  # what Pillow reads of it
        raise CodecError(
            f"{file.name} is a TIFF of {spec.channels} channels, which needs the package tifffile; "
            "run: pip install 'tfcomp[arrays]'"
        ) from None
    return [_stack(file.name, series, series.axes, series.no_data) for series in found]


def _stack_of_picture(file: GivenFile) -> Stack:
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
        return Stack(file.name, 1, shape, dtype, None, lambda _, r, c: _pillow_samples(file)[r, c])

    def part(_: int, rows: slice, columns: slice) -> np.ndarray:
        return _codec_samples(file, file.state)[rows, columns]

    found = _codec_samples(file, file.state)
    size = (found.shape[0], found.shape[1], found.shape[2])
    return Stack(file.name, 1, size, found.dtype, None, part)


def _pillow_samples(file: GivenFile) -> np.ndarray:
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
def _codec_samples(file: GivenFile, state: tuple[int, ...]) -> np.ndarray:
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
