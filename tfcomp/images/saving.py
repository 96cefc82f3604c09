"""Writes pixels as an image file that holds them exactly, or with invisible loss.

Lossless formats keep the very pixels. JPEG, MPO and AVIF are written at high quality without
subsampling. Except for the plainest formats, the file is read again and measured: below 40 dB, or
at another size, it is refused. So are formats that can't be read back here: icons of fixed sizes,
documents.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from tfcomp.errors import ConfigError, ImageError, OutputError, one_line
from tfcomp.images.difference import squared_error
from tfcomp.images.opening import register_plugin_of_suffix

LEAST_PSNR = 40.0
# Written by many and read by all: not read again.
_LOSSLESS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "BMP": {},
    "DIB": {},
    "PPM": {},
}
# Ways to save, each read again until the picture is near enough. Some of these formats lose nothing
# except at odd sizes: Pillow can't read its own PCX of one pixel.
_TRIES: dict[str, list[dict[str, Any]]] = {
    "JPEG": [{"quality": 95, "subsampling": 0}, {"quality": 100, "subsampling": 0}],
    "MPO": [{"quality": 95, "subsampling": 0}, {"quality": 100, "subsampling": 0}],
    "AVIF": [{"quality": 100, "subsampling": "4:4:4"}],
    # The plugin's words for: lossless, and no detour over another colour space.
    "HEIF": [{"quality": -1, "chroma": 444, "matrix_coefficients": 0}],
    "JXL": [{"lossless": True}],
    **{name: [{}] for name in ("JPEG2000", "TGA", "QOI", "SGI", "DDS", "PCX", "GIF", "ICO")},
}
_LARGEST_ICON = 256


def output_format(suffix: str) -> str:
    """Pillow's name of the format with this lower-case ending, ".png".

    Raises:
      ConfigError: pictures can't be written so; it names the package to install, if there is one.
    """
    Image.init()
    try:
        register_plugin_of_suffix(suffix)
    except ImageError as error:
        raise ConfigError(f"images can't be written as '{suffix}': {error}") from None
    name = Image.registered_extensions().get(suffix, "")
    if name not in Image.SAVE or name not in {*_LOSSLESS, *_TRIES}:
        raise ConfigError(
            f"images can't be written as '{suffix}'; use .png, .jpg, .webp or say --format png"
        )
    return name


def encode_image(pixels: np.ndarray, file_format: str, target: str) -> bytes:
    """The bytes of an image file.

    Args:
      pixels: uint8 [H, W, 3], RGB.
      file_format: of `output_format`.
      target: what errors call it.

    Raises:
      OutputError: the format does not take the picture, or would change it.
    """
    height, width, _ = pixels.shape
    if file_format == "ICO" and max(height, width) > _LARGEST_ICON:
        raise OutputError(
            f"{target} can't be made, an icon has {_LARGEST_ICON} pixels a side at most and the "
            f"picture is {width}x{height}; use .png"
        )
    if file_format in _LOSSLESS:
        return _saved(pixels, file_format, _LOSSLESS[file_format], target)
    for options in _TRIES[file_format]:
        if file_format == "ICO":
            options = {"sizes": [(width, height)]}
        content = _saved(pixels, file_format, options, target)
        if _is_near(pixels, content, file_format):
            return content
    reason = "it holds 256 colours" if file_format == "GIF" else "read again it is another one"
    raise OutputError(
        f"{target} can't be made, {file_format} would change the picture ({reason}); use .png"
    )


def _saved(pixels: np.ndarray, file_format: str, options: dict[str, Any], target: str) -> bytes:
    stream = io.BytesIO()
    try:
        Image.fromarray(pixels).save(stream, file_format, **options)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001
        # Too large a side ends in a struct.error of one format, a ValueError of another.
        raise OutputError(
            f"{target} can't be made, {file_format} does not take this image ({one_line(error)}); "
            "use .png"
        ) from None
    return stream.getvalue()


def _is_near(pixels: np.ndarray, content: bytes, file_format: str) -> bool:
    try:
        reader = "JPEG" if file_format == "MPO" else file_format
        with Image.open(io.BytesIO(content), formats=[reader]) as image:
            again = np.asarray(image.convert("RGB"))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001
        # A file that can't be read again is not a copy of the picture.
        return False
    if again.shape != pixels.shape:
        return False
    return squared_error(again, pixels) <= pixels.size * 255.0**2 / 10 ** (LEAST_PSNR / 10)
