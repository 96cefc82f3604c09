"""The images of a folder, and crops of them."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List

import numpy as np

from tfcomp.errors import ImageError
from tfcomp.folder_contents import PICTURE_SUFFIXES, SAMPLE_SUFFIXES, files_in
from tfcomp.image_spec import RGB8, ImageSpec


def image_files(folder: Path, spec: ImageSpec = RGB8) -> List[Path]:
    """Every image file of a folder and of those within, sorted by path.

    Args:
      folder: of the files.
      spec: of the pictures: of others than 8-bit RGB .npy files count too.

    Raises:
      ImageError: there is no such folder, or it holds none.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ImageError(f"{folder} is not a folder: give a folder of PNG or other image files")
    suffixes = PICTURE_SUFFIXES if spec.is_rgb8 else SAMPLE_SUFFIXES
    files = [folder / name for name in files_in(folder, suffixes)]
    if not files:
        raise ImageError(f"no images in {folder}: give a folder of PNG or other image files")
    return files


def read_pixels(path: Path, spec: ImageSpec = RGB8) -> np.ndarray:
    """The image as uint8 [H, W, 3], or as samples [H, W, channels] of another spec.

    Raises:
      ImageError: it cannot be read, or holds other pictures, or several; the message names the
        file.
    """
    if not spec.is_rgb8:
        return _read_samples(path, spec)
    from tfcomp.runtime.image_input import read_image

    return read_image(path).pixels


def read_images(folder: Path) -> Dict[str, np.ndarray]:
    """Every image of a folder: its path within the folder -> uint8 [H, W, 3].

    Raises:
      ImageError: the folder holds none, or one cannot be read.
    """
    files = image_files(folder)
    return {path.relative_to(folder).as_posix(): read_pixels(path) for path in files}


def _read_samples(path: Path, spec: ImageSpec) -> np.ndarray:
    from tfcomp.images.sample_files import pages_of
    from tfcomp.images.sample_values import checked_samples

    pages = pages_of(path, spec)
    if len(pages) != 1:
        raise ImageError(f"{path} holds {len(pages)} pictures: give files of one each")
    try:
        samples = checked_samples(pages[0].whole(), spec)
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from None
    if samples.shape[2] != spec.channels:
        raise ImageError(f"{path} has {samples.shape[2]} channels, and the pictures are {spec}")
    return samples
