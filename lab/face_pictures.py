"""Reads UTKFace: aligned face pictures with age and gender.

    FACES/attributes.csv               file, age, gender
    FACES/{train,test}/{male,female}/*.jpg
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from tfcomp.errors import ConfigError
from tfcomp.images.opening import open_image

ADULT_AGE = 16


class Faces(NamedTuple):
    """Pictures and what is known of them.

    Attributes:
      files: paths relative to the data set's folder.
      pixels: uint8 [N, side, side, 3].
      age: float32 [N], years.
      male: float32 [N], 1 for male and 0 for female.
    """

    files: tuple
    pixels: np.ndarray
    age: np.ndarray
    male: np.ndarray

    def take(self, chosen):
        """The pictures where `chosen` (bool [N]) holds."""
        files = tuple(name for name, keep in zip(self.files, chosen) if keep)
        return Faces(files, self.pixels[chosen], self.age[chosen], self.male[chosen])

    @property
    def adults(self):
        """Only people of 16 years and more, whose gender a picture tells."""
        return self.take(self.age >= ADULT_AGE)


def read_faces(folder, split, side=None):
    """Reads one split.

    Args:
      folder: the data set's folder.
      split: "train" or "test".
      side: pixels a side to shrink the pictures to; None leaves them as they are.

    Raises:
      ConfigError: the data set is missing.
    """
    folder = Path(folder)
    try:
        with (folder / "attributes.csv").open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["file"].startswith(f"{split}/")]
    except (OSError, KeyError) as error:
        raise ConfigError(f"{folder} holds no attributes.csv of faces ({error})") from None
    if not rows:
        raise ConfigError(f"{folder}/attributes.csv names no picture of '{split}'")
    pixels = []
    for row in rows:
        with open_image(folder / row["file"]) as picture:
            picture = picture.convert("RGB")
            if side and picture.size != (side, side):
                picture = picture.resize((side, side), Image.Resampling.LANCZOS)
            pixels.append(np.asarray(picture))
    return Faces(
        tuple(row["file"] for row in rows),
        np.stack(pixels),
        np.array([float(row["age"]) for row in rows], np.float32),
        np.array([row["gender"] == "male" for row in rows], np.float32),
    )
