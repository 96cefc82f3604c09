"""The figures of a bundle of other pictures than 8-bit RGB: its own curve, on files of such.

    files -> every quality: compress, decompress -> bits/pixel, PSNR by the samples' range
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tfcomp.api import Codec
from tfcomp.errors import ConfigError
from tfcomp.evaluation.metrics import psnr
from tfcomp.folder_contents import SAMPLE_SUFFIXES, files_in
from tfcomp.image_spec import ImageSpec
from tfcomp.images.sample_files import Page, pages_of
from tfcomp.images.sample_values import checked_samples
from tfcomp.runtime.bundle import Bundle


def measure(bundle: Path, folder: Path) -> dict[str, Any]:
    """Codes every picture of a folder at every quality.

    Args:
      bundle: its folder.
      folder: of TIFF, PNG and .npy files that hold pictures of the bundle's kind.

    Returns:
      manifest entries: "rate_distortion" and "measured".

    Raises:
      CodecError: the folder holds no such pictures, or others.
    """
    codec = Codec(Bundle.read(bundle))
    spec, qualities = codec.bundle.manifest.image, range(1, codec.qualities + 1)
    pages = pages_in(folder, spec)
    found = np.array([[_coded(codec, page, quality) for quality in qualities] for page in pages])
    points = [
        {"quality": quality, "bpp": round(float(bpp), 4), "psnr": round(float(decibels), 3)}
        for quality, (bpp, decibels) in zip(qualities, found.mean(0))
    ]
    count = f"{len(pages)} picture{'s' if len(pages) > 1 else ''}"
    line = f"{folder.resolve().name} ({count} of {spec}), whole files, PSNR by the samples' range."
    return {"rate_distortion": points, "measured": line}


def pages_in(folder: Path, spec: ImageSpec) -> list[Page]:
    """The pictures of all files of a folder.

    Raises:
      CodecError: it holds no such pictures, or others.
    """
    names = files_in(folder, SAMPLE_SUFFIXES)
    pages = [page for name in names for page in pages_of(folder / name, spec)]
    if not pages:
        raise ConfigError(f"{folder} holds no pictures of {spec}; give one with TIFF or .npy files")
    return pages


def _coded(codec: Codec, page: Page, quality: int) -> tuple[float, float]:
    """Bits/pixel and PSNR in dB, of one picture."""
    spec = codec.bundle.manifest.image
    samples = checked_samples(page.whole(), spec)
    data = codec.compress(samples, quality)
    decoded = codec.decompress(data).reshape(samples.shape)
    height, width, _ = samples.shape
    return 8 * len(data) / (height * width), psnr(samples, decoded, spec.peak)
