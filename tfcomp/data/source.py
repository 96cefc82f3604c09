"""What every source of images offers, and the source that keeps its images in memory."""

from __future__ import annotations

import abc
import contextlib
import dataclasses
from collections.abc import Iterable, Iterator
from typing import Optional

import numpy as np
import tensorflow as tf

from tfcomp.errors import CodecError
from tfcomp.image_spec import RGB8, ImageSpec

IMAGE_SPEC = tf.TensorSpec([None, None, 3], tf.uint8)
FOREVER = np.iinfo(np.int64).max


@dataclasses.dataclass(frozen=True)
class Share:
    """The part of every period of an endless sequence that one of several workers takes.

    Attributes:
      period: length of a period.
      first: where the part starts in the period.
      length: of the part.
    """

    period: int = 1
    first: int = 0
    length: int = 1

    def holds(self, position: tf.Tensor) -> tf.Tensor:
        """Whether a position, int64, is in the share."""
        place = position % self.period
        return (place >= self.first) & (place < self.first + self.length)

    def positions(self, start: int = 0) -> tf.data.Dataset:
        """The positions in the share from `start` on: a dataset of int64."""
        positions = tf.data.Dataset.range(start, FOREVER)
        return positions if self.length == self.period else positions.filter(self.holds)


EVERYTHING = Share()


class ImageSource(abc.ABC):
    """A finite set of images of mixed sizes, RGB unless `spec` says other channels or samples.

    Attributes:
      name: what the images are called in logs ("tfds:cifar10/train").
      count: how many images there are, files found unreadable while decoding included.
      spec: what the images are.
      skipped: files that could not be read, one path each; grows as they are met.
      failure: what ended the reading, which TensorFlow reports in words of its own.
    """

    name: str
    count: int
    spec: ImageSpec = RGB8
    skipped: list[str]
    failure: Optional[CodecError] = None

    @abc.abstractmethod
    def images(self, shuffle_seed: int | None = None) -> tf.data.Dataset:
        """One pass over the images: a finite dataset of uint8 [H, W, 3], RGB.

        In a fixed order, or with `shuffle_seed` in the random order of that seed.
        """

    @abc.abstractmethod
    def endless_images(
        self, seed: int, start: int = 0, parallelism: int = 2, share: Share = EVERYTHING
    ) -> tf.data.Dataset:
        """Pass after pass, each in a new random order: an infinite dataset of uint8 [H, W, 3].

        `seed` fixes the sequence. It starts with image number `start` without decoding the ones
        before it, so that a resumed training goes on where it stopped. Images outside the `share`
        are left out, and not decoded either.
        """


class MemorySource(ImageSource):
    """Decoded images in memory, end to end in one tensor, so that any one is found at once."""

    def __init__(
        self, name: str, images: Iterable[np.ndarray | tf.Tensor], spec: ImageSpec = RGB8
    ) -> None:
        """Takes images [H, W, channels] of a spec."""
        self.name, self.spec = name, spec
        self.skipped: list[str] = []
        with tf.device("CPU"):  # keeps the training set out of a GPU's memory
            kept = [tf.convert_to_tensor(image, tf.as_dtype(spec.dtype)) for image in images]
            sizes = np.array([image.shape for image in kept], dtype=np.int64).reshape(-1, 3)
            ends = np.cumsum(np.prod(sizes, axis=1))
            self.count = len(kept)
            # concat rather than tf.constant of one array, which takes twice the memory on the way.
            self._pixels = tf.concat([tf.reshape(image, [-1]) for image in kept], axis=0)
            self._sizes = tf.constant(sizes)
            self._starts = tf.constant(ends - np.prod(sizes, axis=1))

    @classmethod
    def holding(cls, source: ImageSource) -> MemorySource:
        """Decodes all of `source` into memory: 3 bytes an RGB pixel, twice that during the read."""
        if isinstance(source, MemorySource):
            return source
        with naming_failures(source):
            memory = cls(source.name, source.images(), source.spec)
        memory.skipped = list(source.skipped)
        return memory

    def images(self, shuffle_seed: int | None = None) -> tf.data.Dataset:
        positions = tf.data.Dataset.range(self.count)
        if shuffle_seed is not None:
            positions = positions.map(lambda p: shuffled_index(p, self.count, shuffle_seed))
        return positions.map(self._image)

    def endless_images(
        self, seed: int, start: int = 0, parallelism: int = 2, share: Share = EVERYTHING
    ) -> tf.data.Dataset:
        return share.positions(start).map(
            lambda position: self._image(shuffled_index(position, self.count, seed))
        )

    def _image(self, index: tf.Tensor) -> tf.Tensor:
        size = self._sizes[index]
        flat = tf.slice(self._pixels, [self._starts[index]], [tf.reduce_prod(size)])
        return tf.ensure_shape(tf.reshape(flat, size), [None, None, self.spec.channels])


class GreySource(ImageSource):
    """The grey of another source's RGB: [H, W, 1], luma of ITU-R BT.601 as Pillow's mode L."""

    def __init__(self, source: ImageSource, spec: ImageSpec) -> None:
        self.name, self.count, self.spec = f"{source.name}, grey", source.count, spec
        self._source, self.skipped = source, source.skipped

    @property
    def failure(self) -> Optional[CodecError]:  # type: ignore[override]
        return self._source.failure

    def images(self, shuffle_seed: int | None = None) -> tf.data.Dataset:
        return self._source.images(shuffle_seed).map(grey)

    def endless_images(
        self, seed: int, start: int = 0, parallelism: int = 2, share: Share = EVERYTHING
    ) -> tf.data.Dataset:
        return self._source.endless_images(seed, start, parallelism, share).map(grey)


@contextlib.contextmanager
def naming_failures(source: ImageSource) -> Iterator[None]:
    """Within it what TensorFlow makes of a source's error is that error again."""
    try:
        yield
    except tf.errors.OpError:
        if source.failure is not None:
            raise source.failure from None
        raise


def grey(image: tf.Tensor) -> tf.Tensor:
    """uint8 [..., 3], RGB -> uint8 [..., 1]: luma of ITU-R BT.601, as Pillow's mode L."""
    weighted = tf.reduce_sum(tf.cast(image, tf.int32) * (19595, 38470, 7471), -1, keepdims=True)
    return tf.cast((weighted + 32768) // 65536, tf.uint8)


def shuffled_index(position: tf.Tensor, count: int, seed: int | tf.Tensor) -> tf.Tensor:
    """The image to show at `position` (int64, counted over all passes) of an endless shuffle.

    Each pass over `count` images is a new permutation, computed without state, so that any position
    is found directly.
    """
    count = tf.constant(count, tf.int64)
    epoch = position // count
    return tf.random.experimental.index_shuffle(
        position % count, tf.stack([tf.cast(seed, tf.int64), epoch]), count - 1
    )
