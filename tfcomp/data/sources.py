"""Opens the image source that `--data` names."""

from __future__ import annotations

import os

from tfcomp.data.source import GreySource, ImageSource
from tfcomp.errors import ConfigError
from tfcomp.image_spec import GREY8, RGB8, ImageSpec

__all__ = ["ImageSource", "open_source"]


def open_source(
    spec: str,
    data_dir: str | os.PathLike | None = None,
    split: str = "train",
    image: ImageSpec = RGB8,
) -> ImageSource:
    """Opens the images that `spec` names.

    Args:
      spec: "tfds:NAME" (a TensorFlow Datasets name with an "image" feature, "tfds:cifar10"),
        "folder:PATH" or "folder:PATH,PATH" (folders in the tfds.ImageFolder layout or any tree,
        .npy and .npz files, TIFFs, Zarr arrays: tfcomp/images/sample_files.py), or "sample"
        (photographs that come with scikit-image).
      data_dir: for "tfds:" alone, the folder where prepared data sets lie; TFDS's own by default.
      image: what the pictures must be. 8-bit grey is also made of the RGB that other sources have.
      split: "train", "test", or another split that the source has.

    Raises:
      ConfigError: there are no such images; it says what to write instead.
    """
    kind, _, rest = spec.partition(":")
    if kind == "folder":
        from tfcomp.data.places import open_places, parse_places

        return open_places(parse_places(rest), image, split)
    if not image.is_rgb8:
        if image != GREY8:
            raise ConfigError(f"{spec} has 8-bit RGB, and the model's image is {image}")
        return GreySource(open_source(spec, data_dir, split), image)
    if kind == "sample" and not rest:
        from tfcomp.data.sample_source import sample_source

        return sample_source(split)
    if kind == "tfds" and rest:
        from tfcomp.data.tfds_source import TfdsSource

        return TfdsSource(rest, data_dir, split)
    raise ConfigError(f'unknown image source "{spec}"; give tfds:NAME, folder:PATH or sample')
