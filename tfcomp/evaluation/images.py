"""The images of a folder, and crops of them."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List

import numpy as np

from tfcomp.errors import ImageError
from tfcomp.folder_contents import files_in


def image_files(folder: Path) -> List[Path]:
    """Every image file of a folder and of those within, sorted by path.

    Raises:
      ImageError: there is no such folder, or it holds none.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ImageError(f"{folder} is not a folder: give a folder of PNG or other image files")
    files = [folder / name for name in files_in(folder)]
    if not files:
        raise ImageError(f"no images in {folder}: give a folder of PNG or other image files")
    return files


def read_pixels(path: Path) -> np.ndarray:
    """The image as uint8 [H, W, 3].

    Raises:
      ImageError: it cannot be read; the message names the file.
    """
    from tfcomp.runtime.image_input import read_image

    return read_image(path).pixels


def read_images(folder: Path) -> Dict[str, np.ndarray]:
    """Every image of a folder: its path within the folder -> uint8 [H, W, 3].

    Raises:
      ImageError: the folder holds none, or one cannot be read.
    """
    files = image_files(folder)
    return {path.relative_to(folder).as_posix(): read_pixels(path) for path in files}
