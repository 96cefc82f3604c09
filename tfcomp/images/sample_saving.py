"""Writes arrays of samples that are no 8-bit pictures, without loss.

    .npy           any
    .tif, .tiff    any; of more than one channel or of floats with tifffile
    .png           whole samples of one channel, of 9 to 16 bits in 16; RGB with imagecodecs
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from tfcomp.errors import CodecError, OutputError
from tfcomp.image_spec import ImageSpec

_INSTALL = "run: pip install 'tfcomp[arrays]'"


def encode_samples(pixels: np.ndarray, spec: ImageSpec, file_format: str, target: str) -> bytes:
    """The file of a decoded picture.

    Args:
      pixels: samples [H, W, channels], of one channel also [H, W].
      spec: of the model that they come from.
      file_format: NPY, TIFF or PNG; others hold no such samples.
      target: for messages.

    Raises:
      OutputError: the format does not hold such samples.
      CodecError: a package is needed; the message says which.
    """
    if file_format == "NPY":
        stream = io.BytesIO()
        np.save(stream, pixels)
        return stream.getvalue()
    if file_format == "TIFF":
        return _tiff(pixels, spec, target)
    if file_format == "PNG" and spec.is_whole and spec.colour != "none":
        return _png(pixels, spec, target)
    raise OutputError(
        f"{target} can't be made: {file_format} does not hold {spec}; name an output that ends in "
        ".tif or .npy, or say --format npy"
    )


def _tiff(pixels: np.ndarray, spec: ImageSpec, target: str) -> bytes:
    stream = io.BytesIO()
    try:
        import tifffile
    except ImportError:
        if pixels.ndim == 2:  # Pillow's modes L, I;16 and F
            Image.fromarray(pixels).save(stream, "TIFF")
            return stream.getvalue()
        raise CodecError(f"{target} needs the package tifffile; {_INSTALL}") from None
    layout: dict[str, Any] = {"photometric": "rgb" if spec.colour == "rgb" else "minisblack"}
    if pixels.ndim == 3:
        layout["planarconfig"] = "contig"
    tifffile.imwrite(stream, pixels, compression="zlib", **layout)
    return stream.getvalue()


def _png(pixels: np.ndarray, spec: ImageSpec, target: str) -> bytes:
    """In 16 bits; samples of fewer as they are, since scaling could not be undone."""
    if pixels.ndim == 2:
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG")
        return stream.getvalue()
    try:
        import imagecodecs
    except ImportError:
        raise CodecError(
            f"{target}: PNG of {spec} needs the package imagecodecs; {_INSTALL}, or name an output "
            "that ends in .tif or .npy"
        ) from None
    return bytes(imagecodecs.png_encode(pixels))
