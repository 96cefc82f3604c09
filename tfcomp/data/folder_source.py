"""folder:PATH[,PATH...] - image files on disk, in the tfds.ImageFolder layout or any tree."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tfcomp.data.decoding import decode_rgb, is_readable_header
from tfcomp.data.indexed_source import IndexedSource, Place
from tfcomp.errors import ConfigError
from tfcomp.folder_contents import files_in, is_left_out, is_taken

logger = logging.getLogger(__name__)

SPLIT_NAMES = ("train", "test", "validation", "valid", "val", "dev")
_NAMED_IN_LOG = 10
_NAMED_IN_ERROR = 5


class PictureFile(NamedTuple):
    """A picture: a file, and which of its frames."""

    path: str
    frame: int = 0


class FolderSource(IndexedSource):
    """Picture files under one folder or several, decoded by Pillow when they are needed.

    If a folder holds only split folders ("train", "test", ...: the tfds.ImageFolder layout
    root/split/label/image.jpg), the images of `split` are taken. A folder without split folders
    is one tree of training images. The order is that of the sorted paths.

    Files with an image's suffix that are not images are left out when the folder is scanned. Files
    that prove damaged when decoded are left out of `images()`; `endless_images()` gives the next
    readable file instead. All are named in `skipped` and logged once.

    Raises:
      ConfigError: a folder is missing, has no such split, has no readable image, or has split
        folders beside others, which may be classes.
    """

    def __init__(self, folders: Sequence[Path], split: str = "train") -> None:
        trees = split_trees([Path(folder) for folder in folders], split)
        candidates = [os.path.join(tree, name) for tree in trees for name in files_in(tree)]
        name = "folder:" + ",".join(str(folder) for folder in folders)
        self._take(name, [PictureFile(path) for path in candidates])

    @classmethod
    def of_files(cls, name: str, files: Sequence[PictureFile]) -> FolderSource:
        """The source of listed files; `name` is what logs and errors call it."""
        source = cls.__new__(cls)
        source._take(name, files)
        return source

    def _take(self, name: str, candidates: Sequence[PictureFile]) -> None:
        self.name = name
        self.skipped: list[str] = []
        self._narrowed = False
        self._damaged: set[PictureFile] = set()
        self._files: list[PictureFile] = []
        for file in candidates:
            if is_readable_header(file.path):
                self._files.append(file)
            else:
                self.skipped.append(file.path)
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
        self.count = len(self._files)
        if not any(self.read(index) is not None for index in range(self.count)):
            self._refuse(len(candidates))

    def place(self, index: int) -> Place:
        file = self._files[index]
        return Place(file.path, file.frame)

    def read(self, index: int) -> np.ndarray | None:
        file = self._files[index]
        if file in self._damaged:
            return None
        try:
            notes: list[str] = []
            pixels = decode_rgb(file.path, notes, file.frame)
            self._say_what_is_narrowed(file.path, notes)
            return pixels
        except Exception as error:  # noqa: BLE001 - Pillow raises nearly anything
            if file not in self._damaged:  # another thread may have met it first
                self._damaged.add(file)
                self.skipped.append(file.path)
                logger.warning(
                    "skipped %s, %d so far: it cannot be decoded (%s)",
                    file.path,
                    len(self.skipped),
                    error,
                )
            return None

    def _say_what_is_narrowed(self, path: str, notes: list[str]) -> None:
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
