"""Turns any image into a file that the server reads as the runtime would.

The server knows no colour profiles, and no formats but PNG, JPEG, BMP and GIF. Plain PNG and JPEG
files, which are far smaller than their pixels, are sent as they are; others are converted here.
"""

from __future__ import annotations

import io
import os
import warnings
from typing import Any

import numpy as np
from PIL import Image

from tfcomp.bitstream.container import MAX_PIXELS
from tfcomp.bitstream.description import describe_whole
from tfcomp.errors import CodecError, ImageError
from tfcomp.runtime.image_input import read_image

_EXIF_ORIENTATION = 0x0112
_PNG_BIT_DEPTH = 24  # where it stands in the file
_PNG_METADATA = (b"eXIf", b"iTXt", b"Raw profile type")  # what may hold an orientation
_ALTERING = {"icc_profile", "transparency"}
_QUICK = 1  # a PNG compression level: the file passes through a network once


def image_file(source: Any) -> bytes:
    """A PNG or JPEG file of an image.

    Args:
      source: what `tfcomp.runtime.read_image` takes, within the same limits.

    Raises:
      ImageError: the image cannot be read. The pixels of a file that is sent as it is are not
        decoded here, so damage in them is the server's to find.
    """
    content = _content(source)
    if content is not None and _reads_alike(content):
        return content
    pixels = read_image(source if content is None else content).pixels
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=_QUICK)
    return buffer.getvalue()


def pixels_of(png: bytes, sent: bytes = b"", max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """uint8 [H, W, 3], of a grey model [H, W], of a PNG file that a server made of `sent`.

    Args:
      png: the file.
      sent: the .tfcomp file that it was made of.
      max_pixels: the most.

    Raises:
      ImageError: another format, another size than the file's, or more pixels.
    """
    try:
        with warnings.catch_warnings():
            # The limit that counts is checked below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(png), formats=("PNG",))
        with image:
            width, height = image.size
            is_grey = image.mode == "L"
    except Exception:  # noqa: BLE001 - Pillow's readers raise many types
        raise ImageError("it is not a PNG file") from None
    check_pixels(width, height, sent, max_pixels)
    pixels = read_image(png, max_pixels=max_pixels).pixels
    return np.ascontiguousarray(pixels[:, :, 0]) if is_grey else pixels


def check_pixels(width: int, height: int, sent: bytes, max_pixels: int) -> None:
    """Raises ImageError where a picture has not the size of its file, or too many pixels."""
    expected = claimed_size(sent)
    if expected is not None and (width, height) != expected:
        raise ImageError(
            f"it has {width}x{height} pixels, not the {expected[0]}x{expected[1]} of the file"
        )
    if width * height > max_pixels:
        raise ImageError(
            f"it has {width}x{height} pixels, more than {max_pixels}; allow more (max_pixels) if "
            "you trust the server"
        )


def claimed_size(file: bytes) -> tuple[int, int] | None:
    """(width, height) that a .tfcomp file of either version says; None if none, or damaged."""
    try:
        said = describe_whole(file)
    except CodecError:
        return None
    return None if said["width"] is None else (said["width"], said["height"])


def _content(source: Any) -> bytes | None:
    """The bytes of a file; None for anything else, and for unreadable paths."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    if isinstance(source, (str, os.PathLike)) and os.path.isfile(source):
        try:
            with open(source, "rb") as file:
                return file.read()
        except OSError:
            return None
    return None


def _reads_alike(content: bytes) -> bool:
    """Whether server and runtime read a file alike, by its header."""
    try:
        with warnings.catch_warnings():
            # The limit that counts is checked below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))
        with image:
            if image.width * image.height > MAX_PIXELS or image.mode not in ("RGB", "L"):
                return False
            if getattr(image, "is_animated", False) or _ALTERING & set(image.info):
                return False
            if image.format == "JPEG":
                return image.getexif().get(_EXIF_ORIENTATION, 1) == 1
            # PNG may hold its EXIF behind the pixels, where Pillow decodes them all to get there.
            return content[_PNG_BIT_DEPTH] == 8 and not any(m in content for m in _PNG_METADATA)
    except Exception:  # noqa: BLE001
        # Pillow's readers raise many types; `read_image` explains all of them.
        return False
