"""folder:PLACE[,PLACE...] - folders, files and Zarr arrays, by Pillow or as arrays.

    8-bit RGB       picture files by Pillow, as photographs; .npy, .npz, Zarr, and TIFFs of many
                    pages or of very many pixels as arrays
    8-bit grey      the same, photographs with colours by their luma
    other pictures  everything as arrays, sample by sample
"""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from tfcomp.data.array_source import WINDOW, ArraySource
from tfcomp.data.channel_order import warn_of_odd_order
from tfcomp.data.folder_source import FolderSource, PictureFile, split_trees
from tfcomp.data.indexed_source import GreyOfSource, IndexedSource, JoinedSource
from tfcomp.errors import ConfigError
from tfcomp.folder_contents import PICTURE_SUFFIXES, ZARR, files_in, suffix_of
from tfcomp.image_spec import GREY8, RGB8, ImageSpec
from tfcomp.images.opening import open_image
from tfcomp.images.tiff_series import NO_DATA_TAG
from tfcomp.images.zarr_arrays import is_zarr

logger = logging.getLogger(__name__)

ARRAY_SUFFIXES = frozenset((".npy", ".npz", ZARR))
_TIFF = (".tif", ".tiff")
LARGE = 16_000_000  # pixels of a TIFF that is read in parts
_SUBFILE_TYPE, _PHOTOMETRIC = 254, 262  # tags
_REDUCED, _MASK = 1, 4
_PLAIN = (1, 2, 6)  # black is zero, RGB, YCbCr


def open_places(
    places: Sequence[Path],
    spec: ImageSpec = RGB8,
    split: str = "train",
    window: int = WINDOW,
    large: int = LARGE,
) -> IndexedSource:
    """The pictures of places.

    Args:
      places: folders (see `FolderSource`), files, Zarr arrays.
      spec: what the pictures must be.
      split: of folders that hold splits.
      window: side of the parts that large arrays are read in, in pixels.
      large: pixels from which on a page of a TIFF is read in such parts.

    Raises:
      ConfigError: a place is missing, holds nothing, or pictures of another kind.
    """
    name = "folder:" + ",".join(str(place) for place in places)
    files = files_of(places, split)
    if not (spec.is_rgb8 or spec == GREY8):
        source: IndexedSource = ArraySource(name, files, spec, window)
        warn_of_odd_order(source)
        return source
    arrays = [file for file in files if is_array(file)]
    photographs = [file for file in files if not is_array(file)]
    if arrays and any(suffix_of(file) not in _TIFF for file in photographs):
        logger.warning(
            "%s: arrays beside picture files are left out, %d of them: to learn from them give "
            "folder:%s",
            name,
            len(arrays),
            arrays[0],
        )
        arrays = []
    pictures = []
    for file in photographs:
        found = _pictures_of(file, large)
        if found is None:
            arrays.append(file)
        else:
            pictures += found
    parts: list[IndexedSource] = []
    if pictures or not arrays:
        folder = FolderSource.of_files(name, pictures)
        parts.append(folder if spec.is_rgb8 else GreyOfSource(folder))
    if arrays:
        parts.append(ArraySource(name, arrays, spec, window))
        warn_of_odd_order(parts[-1])
    return parts[0] if len(parts) == 1 else JoinedSource(name, parts)


def parse_places(text: str) -> list[Path]:
    """Splits "A,B" into places; a place whose own name has a comma is taken as it stands."""
    whole = Path(text).expanduser()
    if text and whole.exists():
        return [whole]
    return [Path(part.strip()).expanduser() for part in text.split(",") if part.strip()]


def files_of(places: Sequence[Path], split: str = "train") -> list[str]:
    """Paths of files, and of Zarr arrays: those that are named, and those in folders."""
    single = [place for place in places if is_zarr(str(place)) or place.is_file()]
    for place in single:
        if not place.exists():
            raise ConfigError(f"{place} does not exist; give folder:PATH with a folder of images")
        if not is_array(str(place)) and suffix_of(place.name) not in PICTURE_SUFFIXES:
            raise ConfigError(
                f"{place} is no picture by its ending; give a folder, or a TIFF, .npy, .npz, .zarr "
                "or picture file"
            )
    folders = [place for place in places if place not in single]
    trees = split_trees(folders, split) if folders or not single else []
    suffixes = PICTURE_SUFFIXES | ARRAY_SUFFIXES
    found = [os.path.join(tree, name) for tree in trees for name in files_in(tree, suffixes)]
    return [*map(str, single), *found]


def is_array(file: str) -> bool:
    """Whether a file is an array by its ending, or a Zarr array by what it holds."""
    return suffix_of(file) in ARRAY_SUFFIXES or is_zarr(file)


def _pictures_of(file: str, large: int) -> list[PictureFile] | None:
    """What Pillow reads of a picture file; None where it is to be read as an array."""
    if suffix_of(file) not in _TIFF or not importlib.util.find_spec("tifffile"):
        return [PictureFile(file)]
    try:
        with open_image(file) as image:
            count, plain, pixels = getattr(image, "n_frames", 1), True, 0
            if NO_DATA_TAG in _tags_of(image) or image.width * image.height > large:
                return None
            frames = []
            for frame in range(count):
                image.seek(frame)
                kind = _tags_of(image).get(_SUBFILE_TYPE, 0) or 0
                if kind & _MASK:
                    return None  # where it is refused by name
                if kind & _REDUCED and frame:
                    continue
                frames.append(PictureFile(file, frame))
                pixels = max(pixels, image.width * image.height)
                plain &= image.mode in ("L", "RGB")
                plain &= _tags_of(image).get(_PHOTOMETRIC) in _PLAIN
    except Exception:  # noqa: BLE001 - Pillow's parsers raise nearly anything
        return None if _is_tiff(file) else [PictureFile(file)]
    if len(frames) == 1:
        return frames
    return None if plain or pixels > large else frames


def _tags_of(image: object) -> dict:
    """The tags of an open TIFF's frame."""
    return getattr(image, "tag_v2", {})


def _is_tiff(file: str) -> bool:
    """Whether a file that Pillow does not open is a TIFF all the same, of many channels perhaps."""
    import tifffile

    try:
        with tifffile.TiffFile(file) as opened:
            return len(opened.pages) > 0
    except Exception:  # noqa: BLE001 - it is damaged
        return False
