"""sample - the photographs inside scikit-image's package: no download, no account, no folder."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from tfcomp.data.decoding import decode_rgb
from tfcomp.data.source import MemorySource
from tfcomp.errors import ConfigError

SAMPLE_SPLITS = {
    "train": {
        "astronaut": "astronaut.png",
        "coffee": "coffee.png",
        "rocket": "rocket.jpg",
    },
    "test": {"chelsea": "chelsea.png"},
}


def sample_images(split: str | None = None) -> dict[str, np.ndarray]:
    """The embedded photographs by name, uint8 [H, W, 3]: those of "train", of "test", or all.

    train:
      astronaut (512x512): portrait of Eileen Collins, NASA Great Images database
        (flic.kr/p/r9qvLn); public domain, no known copyright restrictions.
      coffee (600x400, width first): a cup at Pikolo Espresso Bar, photographed by Rachel Michetti;
        CC0.
      rocket (640x427): the DSCOVR launch of a Falcon 9, SpaceX (Flickr 16511594820); released by
        SpaceX into the public domain.
    test:
      chelsea (451x300): a cat, photographed by Stefan van der Walt; CC0.

    The terms are those stated by scikit-image (docstrings of skimage.data). Its other embedded
    pictures are grey, synthetic or microscopic, show a star field or the back of an eye, or, like
    the motorcycle pair (Middlebury 2014 stereo benchmark), state no free licence.

    Raises:
      ConfigError: scikit-image is not installed, or the split is unknown.
    """
    if split is not None and split not in SAMPLE_SPLITS:
        raise ConfigError(f'the sample photographs have no split "{split}"; use "train" or "test"')
    folder = _package_data_folder()
    files: dict[str, str] = {}
    for name in SAMPLE_SPLITS if split is None else (split,):
        files.update(SAMPLE_SPLITS[name])
    try:
        return {name: decode_rgb(folder / file) for name, file in files.items()}
    except OSError as error:
        raise ConfigError(
            f"a sample photograph is missing from scikit-image ({error}); reinstall scikit-image"
        ) from error


def sample_source(split: str = "train") -> MemorySource:
    """The embedded photographs as a source."""
    return MemorySource(f"sample/{split}", sample_images(split).values())


def _package_data_folder() -> Path:
    # The files are read directly: importing skimage.data would bring in a downloader.
    spec = importlib.util.find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            'the sample photographs come with scikit-image: pip install "tfcomp[train]", '
            "or train on folder:PATH"
        )
    return Path(spec.submodule_search_locations[0]) / "data"
