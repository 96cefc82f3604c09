"""Sources whose pictures are found by their number: shuffled, divided and joined by that alone."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import NamedTuple, Optional, Tuple

import numpy as np
import tensorflow as tf

from tfcomp.data.source import EVERYTHING, ImageSource, Share, grey, shuffled_index
from tfcomp.errors import CodecError, ConfigError
from tfcomp.image_spec import GREY8


class Place(NamedTuple):
    """Where a picture stands.

    Attributes:
      file: path of its file.
      picture: its number in the file.
      line: of a part of a large picture, its place along the picture's longer side.
      lines: how many such places there are.
      size: (height, width) in pixels, where that is known without opening the file.
    """

    file: str
    picture: int = 0
    line: int = 0
    lines: int = 1
    size: Optional[Tuple[int, int]] = None


class IndexedSource(ImageSource):
    """A source whose subclass reads one picture by its number."""

    @abc.abstractmethod
    def read(self, index: int) -> np.ndarray | None:
        """The samples [H, W, channels] of a picture; None where it must be left out.

        Raises:
          ConfigError: it is no such picture as `spec` says; the message names the file.
        """

    @abc.abstractmethod
    def place(self, index: int) -> Place:
        """Where a picture stands; reads nothing."""

    def images(self, shuffle_seed: int | None = None) -> tf.data.Dataset:
        positions = tf.data.Dataset.range(self.count)
        if shuffle_seed is not None:
            positions = positions.map(lambda p: shuffled_index(p, self.count, shuffle_seed))
        found = positions.map(
            lambda index: self._samples(self._read_or_nothing, index), num_parallel_calls=2
        )
        return found.filter(lambda image: tf.size(image) > 0)

    def endless_images(
        self, seed: int, start: int = 0, parallelism: int = 2, share: Share = EVERYTHING
    ) -> tf.data.Dataset:
        return share.positions(start).map(
            lambda position: self._samples(
                self._read_or_next, shuffled_index(position, self.count, seed)
            ),
            num_parallel_calls=parallelism,
        )

    def _samples(self, function: object, index: tf.Tensor) -> tf.Tensor:
        dtype = tf.as_dtype(self.spec.dtype)
        image = tf.numpy_function(function, [index], dtype, stateful=False)
        return tf.ensure_shape(image, [None, None, self.spec.channels])

    def _read_or_nothing(self, index: int) -> np.ndarray:
        image = self._read(int(index))
        return np.zeros((0, 0, self.spec.channels), self.spec.dtype) if image is None else image

    def _read_or_next(self, index: int) -> np.ndarray:
        for step in range(self.count):
            image = self._read((int(index) + step) % self.count)
            if image is not None:
                return image
        self.failure = ConfigError(
            f"{self.name}: no image can be read any more; is the folder still there?"
        )
        raise self.failure

    def _read(self, index: int) -> np.ndarray | None:
        try:
            return self.read(index)
        except CodecError as error:
            self.failure = error
            raise


class JoinedSource(IndexedSource):
    """Several sources of one kind of pictures, one after another."""

    def __init__(self, name: str, parts: Sequence[IndexedSource]) -> None:
        self.name, self.spec = name, parts[0].spec
        self._parts = parts
        self._ends = np.cumsum([part.count for part in parts])
        self.count = int(self._ends[-1])

    @property
    def skipped(self) -> list[str]:  # type: ignore[override]
        return [path for part in self._parts for path in part.skipped]

    def read(self, index: int) -> np.ndarray | None:
        part, place = self._find(index)
        return part.read(place)

    def place(self, index: int) -> Place:
        part, place = self._find(index)
        return part.place(place)

    def _find(self, index: int) -> tuple[IndexedSource, int]:
        number = int(np.searchsorted(self._ends, index, side="right"))
        return self._parts[number], index - int(self._ends[number - 1] if number else 0)


class GreyOfSource(IndexedSource):
    """The grey of another source's 8-bit RGB: [H, W, 1], as `source.GreySource` makes it."""

    spec = GREY8

    def __init__(self, source: IndexedSource) -> None:
        self.name, self.count = f"{source.name}, grey", source.count
        self._source = source

    @property
    def skipped(self) -> list[str]:  # type: ignore[override]
        return self._source.skipped

    def read(self, index: int) -> np.ndarray | None:
        pixels = self._source.read(index)
        return None if pixels is None else grey(pixels).numpy()

    def place(self, index: int) -> Place:
        return self._source.place(index)


class PartOfSource(IndexedSource):
    """Some pictures of another source, by their numbers."""

    def __init__(self, whole: IndexedSource, numbers: Sequence[int] | np.ndarray) -> None:
        self.name, self.spec = whole.name, whole.spec
        self._whole = whole
        self._numbers = np.asarray(numbers, np.int64)
        self.count = len(self._numbers)

    @property
    def skipped(self) -> list[str]:  # type: ignore[override]
        return self._whole.skipped

    def read(self, index: int) -> np.ndarray | None:
        return self._whole.read(int(self._numbers[index]))

    def place(self, index: int) -> Place:
        return self._whole.place(int(self._numbers[index]))
