"""The pictures that an int8 export learns its ranges from, and those that it is measured on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tfcomp.errors import ConfigError, ImageError
from tfcomp.image_spec import GREY8, ImageSpec
from tfcomp.images.sample_values import checked_samples


def calibration_pictures(folder: Path | None, spec: ImageSpec) -> dict[str, np.ndarray]:
    """Those that ranges are learnt from, of --calibration or embedded; see `_pictures`."""
    return _pictures(folder, "train", "--calibration", spec)


def check_pictures(folder: Path | None, spec: ImageSpec) -> dict[str, np.ndarray]:
    """Those that the loss is measured on, of --check or embedded; see `_pictures`."""
    return _pictures(folder, "test", "--check", spec)


def _pictures(
    folder: Path | None, split: str, option: str, spec: ImageSpec
) -> dict[str, np.ndarray]:
    """Name -> samples [H, W, channels].

    Raises:
      ConfigError: there is no folder, and the embedded photographs are no such pictures.
      CodecError: the folder holds no such pictures, or others.
    """
    from tfcomp.data.sources import open_source
    from tfcomp.evaluation.images import read_images
    from tfcomp.export.measured_samples import pages_in

    if folder is None:
        if not (spec.is_rgb8 or spec == GREY8):
            raise ConfigError(
                f"int8 needs pictures of {spec}: give two folders of such, --calibration to learn "
                "ranges from and --check to measure the loss on"
            )
        source = open_source("sample", split=split, image=spec)
        return {str(number): image.numpy() for number, image in enumerate(source.images())}
    if spec.is_rgb8:
        return read_images(folder)
    found = {}
    for number, page in enumerate(pages_in(folder, spec)):
        try:
            found[f"{number} {page.path}"] = checked_samples(page.whole(), spec)
        except ImageError as error:
            raise ImageError(f"{page.path}: {error}") from None
    return found
