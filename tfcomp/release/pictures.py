"""The pictures that an encoder is tuned on: crops of training photographs, never measured ones."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tfcomp.config import Config
from tfcomp.data.sources import open_source
from tfcomp.errors import ConfigError
from tfcomp.evaluation.images import image_files, read_pixels
from tfcomp.images.cropping import middle
from tfcomp.runs.run_summary import data_name

SIDE = 256  # of the crops, in pixels


class TuningPictures(NamedTuple):
    """What an encoder is tuned on.

    Attributes:
      crops: uint8 [H, W, 3], the middle of each picture, 256 pixels a side or less.
      description: a few words on which pictures they are.
    """

    crops: tuple[np.ndarray, ...]
    description: str


def tuning_pictures(
    config: Config, source: str | None, count: int, measured: Path
) -> TuningPictures:
    """Draws pictures to tune on; see `drawn_pictures`."""
    crops, name = drawn_pictures(config, source, count, measured, SIDE)
    words = f"{len(crops)} picture{'s' if len(crops) > 1 else ''} of {name}"
    return TuningPictures(tuple(crops), f"{words}, the middle {SIDE}x{SIDE} pixels")


def drawn_pictures(
    config: Config, source: str | None, count: int, measured: Path, side: int
) -> tuple[list[np.ndarray], str]:
    """Draws pictures of a source in the random order that the run's seed stands for.

    Args:
      config: the run's.
      source: a folder, or as after `--data`; the run's own training data if None.
      count: how many pictures; fewer where the source has fewer.
      measured: the folder of pictures that the release is measured on.
      side: of the crops, in pixels.

    Returns:
      the middle of each, uint8 [H, W, 3] of `side` or less, and what the source is called.

    Raises:
      CodecError: the source has no pictures, or one that is measured, too.
    """
    data, split = config.data, config.data.split
    name = source or data.source
    if source is not None:
        split = "train"
        if Path(source).is_dir():
            name = f"folder:{source}"
    try:
        opened = open_source(name, data.data_dir, split)
    except ConfigError as error:
        if source is not None:
            raise
        raise ConfigError(
            f"the training data cannot be tuned on ({error}): give pictures after --tune, or "
            "--no-tune and --thumbnail-pictures 0"
        ) from None
    images = opened.images(shuffle_seed=config.training.seed)
    crops, known = [], set()
    for picture in itertools.islice(images.as_numpy_iterator(), count):
        known.add(_digest(picture))
        crops.append(np.array(middle(picture, side, side)))  # a copy: the rest is not held
    _check_unmeasured(known, measured)
    return crops, data_name(name)


def _check_unmeasured(known: set[bytes], folder: Path) -> None:
    for path in image_files(folder):
        if _digest(read_pixels(path)) in known:
            raise ConfigError(
                f"{path} is one of the pictures to tune on: measure others, or give others after "
                "--tune"
            )


def _digest(picture: np.ndarray) -> bytes:
    pixels = np.ascontiguousarray(picture)
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).digest()
