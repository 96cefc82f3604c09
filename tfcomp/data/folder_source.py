"""folder:PATH[,PATH...] - image files on disk, in the tfds.ImageFolder layout or any tree."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Callable

import numpy as np
import tensorflow as tf

from tfcomp.data.decoding import decode_rgb, is_readable_header
from tfcomp.data.source import EVERYTHING, IMAGE_SPEC, ImageSource, Share, shuffled_index
from tfcomp.errors import ConfigError
from tfcomp.folder_contents import files_in, is_left_out, is_taken

logger = logging.getLogger(__name__)

SPLIT_NAMES = ("train", "test", "validation", "valid", "val", "dev")
_NAMED_IN_LOG = 10
_NAMED_IN_ERROR = 5


class FolderSource(ImageSource):
    """Images under one folder or several, decoded by Pillow when they are needed.

    If a folder holds only split folders ("train", "test", ...: the tfds.ImageFolder layout
    root/split/label/image.jpg), the images of `split` are taken. A folder without split folders
    is one tree of training images. The order is that of the sorted paths.

    Files with an image's suffix that are not images are left out when the folder is scanned. Files
    that prove damaged when decoded are left out of `images()`; `endless_images()` gives the next
    readable file instead. All are named in `skipped` and logged once. Files of `without` are
    no part of it.

    Raises:
      ConfigError: a folder is missing, has no such split, has no readable image, or has split
        folders beside others, which may be classes.
    """

    def __init__(
        self, folders: Sequence[Path], split: str = "train", without: Collection[Path] = ()
    ) -> None:
        self.name = "folder:" + ",".join(str(folder) for folder in folders)
        self.skipped: list[str] = []
        self._narrowed = False
        trees = split_trees([Path(folder) for folder in folders], split)
        candidates = [
            path
            for tree in trees
            for path in (tree / name for name in files_in(tree))
            if path not in without
        ]
        self._paths = [path for path in candidates if is_readable_header(path)]
        self._damaged = set(candidates) - set(self._paths)
        self.skipped += [str(path) for path in candidates if path in self._damaged]
        if self.skipped:
            named = ", ".join(self.skipped[:_NAMED_IN_LOG])
            more = len(self.skipped) - _NAMED_IN_LOG
            logger.warning(
                "%s: skipped %d of %d files that cannot be read as images: %s%s",
                self.name,
                len(self.skipped),
                len(candidates),
                named,
                f" and {more} more" if more > 0 else "",
            )
        self.count = len(self._paths)
        if not any(self._decode(index) is not None for index in range(self.count)):
            self._refuse(len(candidates))

    def images(self, shuffle_seed: int | None = None) -> tf.data.Dataset:
        positions = tf.data.Dataset.range(self.count)
        if shuffle_seed is not None:
            positions = positions.map(lambda p: shuffled_index(p, self.count, shuffle_seed))
        decoded = positions.map(
            lambda index: _pixels_from(self._pixels_or_none, index), num_parallel_calls=2
        )
        return decoded.filter(lambda image: tf.size(image) > 0)

    def endless_images(
        self, seed: int, start: int = 0, parallelism: int = 2, share: Share = EVERYTHING
    ) -> tf.data.Dataset:
        return share.positions(start).map(
            lambda position: _pixels_from(
                self._pixels_or_next, shuffled_index(position, self.count, seed)
            ),
            num_parallel_calls=parallelism,
        )

    def _pixels_or_none(self, index: int) -> np.ndarray:
        image = self._decode(int(index))
        return np.zeros((0, 0, 3), np.uint8) if image is None else image

    def _pixels_or_next(self, index: int) -> np.ndarray:
        for step in range(self.count):
            image = self._decode((int(index) + step) % self.count)
            if image is not None:
                return image
        raise ConfigError(f"{self.name}: no image can be read any more; is the folder still there?")

    def _decode(self, index: int) -> np.ndarray | None:
        path = self._paths[index]
        if path in self._damaged:
            return None
        try:
            notes: list[str] = []
            pixels = decode_rgb(path, notes)
            self._say_what_is_narrowed(path, notes)
            return pixels
        except Exception as error:  # noqa: BLE001 - Pillow raises nearly anything
            if path not in self._damaged:  # another thread may have met it first
                self._damaged.add(path)
                self.skipped.append(str(path))
                logger.warning(
                    "skipped %s, %d so far: it cannot be decoded (%s)",
                    path,
                    len(self.skipped),
                    error,
                )
            return None

    def _say_what_is_narrowed(self, path: Path, notes: list[str]) -> None:
        """Once: pictures of more bits than the model has."""
        if not self._narrowed and any("reduced to 8" in note for note in notes):
            self._narrowed = True
            logger.warning(
                "%s: %s has more than 8 bits a sample, which are reduced to 8; to train on all of "
                "them give the recipe an image (docs/channels.md)",
                self.name,
                path,
            )

    def _refuse(self, candidates: int) -> None:
        if candidates:
            raise ConfigError(
                f"{self.name}: none of its {candidates} image files can be read; "
                f"the first is {self.skipped[0]}"
            )
        raise ConfigError(
            f"{self.name}: there is no image file in it; give a folder that holds "
            "JPEG, PNG, WebP, BMP, TIFF or GIF files"
        )


def parse_folders(text: str) -> list[Path]:
    """Splits "A,B" into folders; a folder whose own name has a comma is taken as it stands."""
    if text and Path(text).expanduser().is_dir():
        return [Path(text).expanduser()]
    return [Path(part.strip()).expanduser() for part in text.split(",") if part.strip()]


def parse_places(text: str) -> list[Path]:
    """Like `parse_folders`, and a file or a folder whose name has a comma is taken as it stands."""
    whole = Path(text).expanduser()
    return [whole] if text and whole.exists() else parse_folders(text)


def split_trees(folders: Sequence[Path], split: str) -> list[Path]:
    """The trees of a split in folders; see `FolderSource`."""
    if not folders:
        raise ConfigError('"folder:" needs a path: give folder:PATH or folder:PATH,PATH')
    for folder in folders:
        if not folder.is_dir():
            problem = "is not a folder" if folder.exists() else "does not exist"
            raise ConfigError(f"{folder} {problem}; give folder:PATH with a folder of images")
    trees, present = [], set()
    for folder in folders:
        splits = {name for name in SPLIT_NAMES if (folder / name).is_dir()}
        if splits:
            _check_nothing_else(folder, splits)
        present |= splits or {"train"}
        if split in splits:
            trees.append(folder / split)
        elif not splits and split == "train":
            trees.append(folder)
    if not trees:
        raise ConfigError(
            f'{", ".join(map(str, folders))}: no split "{split}"; there is '
            + ", ".join(f'"{name}"' for name in sorted(present))
        )
    return trees


def _check_nothing_else(folder: Path, splits: set[str]) -> None:
    """Raises where a class is named like a split: it must not hide the other classes."""
    others = [path for path in folder.iterdir() if path.name not in splits]
    names = sorted(path.name for path in others if _is_training_data(path))
    if not names:
        return
    shown = ", ".join(f'"{name}"' for name in names[:_NAMED_IN_ERROR])
    more = len(names) - _NAMED_IN_ERROR
    found = sorted(splits)
    raise ConfigError(
        f"{folder} holds "
        + " and ".join(f'"{name}"' for name in found)
        + f", named like a split, beside {shown}{f' and {more} more' if more > 0 else ''}: give "
        + " or ".join(f"folder:{folder}/{name}" for name in found)
        + " for that split alone, or rename it if it is a class of pictures like the others"
    )


def _is_training_data(path: Path) -> bool:
    if path.is_dir():
        return not is_left_out(path.name)
    return is_taken(path.name)


def _pixels_from(function: Callable[..., tf.Tensor], index: tf.Tensor) -> tf.Tensor:
    image = tf.numpy_function(function, [index], tf.uint8, stateful=False)
    return tf.ensure_shape(image, IMAGE_SPEC.shape)
