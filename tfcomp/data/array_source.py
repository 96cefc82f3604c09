"""Pictures of any channels and depth: folders of TIFF, NumPy and picture files, and Zarr arrays.

Large pictures are read in windows, so that a training holds no whole one: each window counts as an
image of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Callable, NamedTuple

import numpy as np
import tensorflow as tf

from tfcomp.data.folder_source import split_trees
from tfcomp.data.source import EVERYTHING, ImageSource, Share, shuffled_index
from tfcomp.errors import CodecError, ConfigError, ImageError
from tfcomp.folder_contents import SAMPLE_SUFFIXES, files_in, suffix_of
from tfcomp.image_spec import ImageSpec
from tfcomp.images.sample_files import Page, pages_of
from tfcomp.images.sample_values import checked_samples

logger = logging.getLogger(__name__)

WINDOW = 1024  # side of what is read at once of a large picture, in pixels
_NAMED = 5


class _Window(NamedTuple):
    page: Page
    rows: slice
    columns: slice


class ArraySource(ImageSource):
    """Arrays of samples in files, in the order of their paths.

    Args:
      places: folders (see `FolderSource`), files, or Zarr arrays.
      spec: what all pictures must be.
      split: of folders that hold splits.

    Raises:
      ConfigError: a place is missing or holds nothing; or a file holds other pictures: it is
        named, with what was seen, since leaving it out would hide it.
    """

    def __init__(self, places: Sequence[Path], spec: ImageSpec, split: str = "train") -> None:
        self.name = "folder:" + ",".join(str(place) for place in places)
        self.spec = spec
        self.skipped: list[str] = []
        self._windows: list[_Window] = []
        files = [file for place in places for file in _files_of(place, split)]
        for file in files:
            try:
                for page in pages_of(file, spec):
                    self._windows += _windows_of(_checked_page(page, spec))
            except ImageError as error:
                raise ConfigError(f"{self.name}: {error}") from None
        self.count = len(self._windows)
        if not self.count:
            raise ConfigError(
                f"{self.name}: there is no picture in it; give a folder that holds TIFF, PNG or "
                ".npy files, or a .zarr array"
            )

    def images(self, shuffle_seed: int | None = None) -> tf.data.Dataset:
        positions = tf.data.Dataset.range(self.count)
        if shuffle_seed is not None:
            positions = positions.map(lambda p: shuffled_index(p, self.count, shuffle_seed))
        return positions.map(self._samples, num_parallel_calls=2)

    def endless_images(
        self, seed: int, start: int = 0, parallelism: int = 2, share: Share = EVERYTHING
    ) -> tf.data.Dataset:
        return share.positions(start).map(
            lambda position: self._samples(shuffled_index(position, self.count, seed)),
            num_parallel_calls=parallelism,
        )

    def _samples(self, index: tf.Tensor) -> tf.Tensor:
        dtype = tf.as_dtype(self.spec.dtype)
        read: Callable[[int], np.ndarray] = self._read
        image = tf.numpy_function(read, [index], dtype, stateful=False)
        return tf.ensure_shape(image, [None, None, self.spec.channels])

    def _read(self, index: int) -> np.ndarray:
        page, rows, columns = self._windows[int(index)]
        samples = np.ascontiguousarray(page.read(rows, columns))
        try:
            return checked_samples(samples, self.spec)
        except CodecError as error:
            raise ConfigError(f"{page.path}: {error}") from None


def _files_of(place: Path, split: str) -> list[Path]:
    """Files, and Zarr arrays, of a place."""
    if suffix_of(str(place)) == ".zarr" or place.is_file():
        if not place.exists():
            raise ConfigError(f"{place} does not exist; give folder:PATH with a folder of images")
        return [place]
    found = []
    for tree in split_trees([place], split):
        zarrs = sorted(tree.glob("**/*.zarr"))
        inside = tuple(f"{each}/" for each in zarrs)
        files = [tree / name for name in files_in(tree, SAMPLE_SUFFIXES)]
        found += [file for file in files if not str(file).startswith(inside)] + zarrs
    return found


def _checked_page(page: Page, spec: ImageSpec) -> Page:
    if page.shape[2] != spec.channels:
        count = page.shape[2]
        raise ImageError(
            f"{page.path} has {count} channel{'s' if count > 1 else ''} of {page.dtype}, where "
            f"the model's image is {spec}: keep pictures of one kind in a folder"
        )
    return page


def _windows_of(page: Page) -> list[_Window]:
    height, width, _ = page.shape
    return [
        _Window(page, rows, columns) for rows in _spans(height) for columns in _spans(width)
    ]


def _spans(length: int) -> list[slice]:
    """Equal parts of a side, none longer than a window."""
    count = -(-length // WINDOW)
    ends = [length * number // count for number in range(count + 1)]
    return [slice(start, end) for start, end in zip(ends, ends[1:])]
