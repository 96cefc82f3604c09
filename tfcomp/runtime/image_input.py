"""Turns images of any kind into 8-bit RGB, and notes what was lost.

Conversions follow Pillow's `convert("RGB")`, except where it would silently give another picture:
the EXIF orientation is applied, colours with an ICC profile are converted to sRGB, deep samples are
scaled by their range instead of clipped, and transparent pixels show the background. The rules are
those of tfcomp/images.
"""

from __future__ import annotations

import io
import os
import stat
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from tfcomp.bitstream.container import MAGIC, MAX_PIXELS
from tfcomp.errors import ImageError, one_line
from tfcomp.images.colour import to_srgb
from tfcomp.images.conversion import Storage, upright_rgb
from tfcomp.images.opening import check_is_no_drawing, open_image
from tfcomp.images.samples import integers_to_8_bits
from tfcomp.images.transparency import WHITE, Background, checked_background, compose
from tfcomp.runtime.file_objects import FileObjectError, is_file_object, read_whole, unreadable

__all__ = ["MAX_FILE_BYTES", "WHITE", "Background", "InputImage", "read_image"]

MAX_FILE_BYTES = 2**30


@dataclass(frozen=True)
class InputImage:
    """An image as a codec takes it.

    Attributes:
      pixels: uint8 [H, W, 3], RGB.
      notes: what was lost, a phrase each, e.g. "EXIF dropped".
    """

    pixels: np.ndarray
    notes: tuple[str, ...]


def read_image(
    source: Any, max_pixels: int = MAX_PIXELS, background: Background = WHITE
) -> InputImage:
    """Turns `source` into RGB.

    Args:
      source: one of
        - a path, the bytes of an image file, or a binary file object (read from its start if it
          can seek), in any format that `tfcomp.images.opening` lists;
        - a PIL image of any mode; of an animation, the current frame. The file's orientation counts
          as long as it is the image that `Image.open` gave (see tfcomp/images/orientation.py);
        - an array [H, W], [H, W, 1], [H, W, 3] (RGB) or [H, W, 4] (RGBA) of uint8, of other
          integers from 0 to 255, of uint16 (0..65535 is scaled to 0..255; 0..255 where none is
          larger), of bool, or of floats from 0 to 1; of any byte order.
      max_pixels: larger images are refused before they are decoded.
      background: the colour below transparent pixels, (r, g, b) from 0 to 255 or a name.

    Raises:
      ImageError: it cannot be read as an image.
      ConfigError: a bad background.
    """
    colour = checked_background(background)
    if isinstance(source, (str, os.PathLike)):
        return _read_path(source, max_pixels, colour)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _read_stream(io.BytesIO(source), "the input", max_pixels, colour)
    if isinstance(source, Image.Image):
        return _convert_pil(source, "the image", max_pixels, colour)
    if hasattr(source, "__array__") or hasattr(source, "__array_interface__"):
        return _convert_array(_as_array(source), max_pixels, colour)
    if is_file_object(source):
        try:
            content = read_whole(source, MAX_FILE_BYTES)
        except FileObjectError as error:
            raise ImageError(str(error)) from None
        return _read_stream(io.BytesIO(content), "the input", max_pixels, colour)
    raise ImageError(
        f"a {type(source).__name__} is not an image; give a path, bytes, a file object, a PIL "
        "image or an array"
    )


def _read_path(
    path: str | os.PathLike, max_pixels: int, background: tuple[int, int, int]
) -> InputImage:
    name = os.fsdecode(path)
    try:
        with open(path, "rb") as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return _read_stream(file, name, max_pixels, background)
            content = file.read(MAX_FILE_BYTES + 1)  # a pipe cannot go back to its start
    except ImageError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        raise ImageError(unreadable(path, error, "an image file")) from None
    return _read_stream(io.BytesIO(content), name, max_pixels, background)


def _read_stream(
    stream: BinaryIO, name: str, max_pixels: int, background: tuple[int, int, int]
) -> InputImage:
    start = stream.read(len(MAGIC))
    if not start:
        raise ImageError(f"{name} is empty")
    if start == MAGIC:
        raise ImageError(f"{name} is already a .tfcomp file; decompress it first")
    try:
        image = open_image(stream)
    except Image.DecompressionBombError:
        raise ImageError(f"{name} has more than {max_pixels} pixels; shrink or split it") from None
    except Image.UnidentifiedImageError:
        raise ImageError(
            f"{name} is not an image of a format that is read here (PNG, JPEG, WebP, TIFF and "
            "more); convert it to one of these"
        ) from None
    except ImageError as error:
        raise ImageError(f"{name} cannot be read: {error}") from None
    except Exception as error:  # noqa: BLE001
        # Pillow's readers raise many types on damaged files.
        raise ImageError(f"{name} cannot be read: {one_line(error)}") from None
    with image:
        return _convert_pil(image, name, max_pixels, background)


def _convert_pil(
    image: Image.Image, name: str, max_pixels: int, background: tuple[int, int, int]
) -> InputImage:
    _check_size(image.height, image.width, name, max_pixels)
    try:
        check_is_no_drawing(image)
    except ImageError as error:
        raise ImageError(f"{name}: {error}") from None
    notes, storage = _frame_note(image), Storage.of(image)
    try:
        image.load()
    except Exception as error:  # noqa: BLE001
        raise ImageError(f"{name} cannot be decoded: {one_line(error)}") from None
    try:
        rgb = upright_rgb(image, storage, notes, background, to_srgb)
    except ImageError as error:
        raise ImageError(f"{name}: {error}") from None
    except (ValueError, OSError) as error:
        raise ImageError(
            f"{name} has mode {image.mode}: {one_line(error)}; convert it to RGB first"
        ) from None
    return InputImage(np.array(rgb, dtype=np.uint8), tuple(notes))


def _as_array(source: Any) -> np.ndarray:
    try:
        return np.asarray(source)
    except Exception as error:  # noqa: BLE001
        # Some libraries' types claim to be arrays and then raise odd errors.
        raise ImageError(f"the array cannot be read: {one_line(error)}") from None


def _convert_array(
    array: np.ndarray, max_pixels: int, background: tuple[int, int, int]
) -> InputImage:
    shape_ok = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4))
    if not shape_ok:
        raise ImageError(
            f"an array of shape {array.shape} is not an image; give [H, W], [H, W, 1], [H, W, 3] "
            "or [H, W, 4]"
        )
    _check_size(array.shape[0], array.shape[1], "the array", max_pixels)
    notes: list[str] = []
    samples = _array_to_8_bits(array if array.ndim == 3 else array[:, :, None], notes)
    if samples.shape[2] == 4:
        colours = Image.fromarray(np.ascontiguousarray(samples[:, :, :3]))
        alpha = Image.fromarray(np.ascontiguousarray(samples[:, :, 3]))
        samples = np.array(compose(colours, alpha, background, notes))
    pixels = np.broadcast_to(samples, (*samples.shape[:2], 3))
    return InputImage(np.ascontiguousarray(pixels), tuple(notes))


def _array_to_8_bits(array: np.ndarray, notes: list[str]) -> np.ndarray:
    """uint8 of samples of any dtype and byte order; uint16 may mean 0..65535 or 0..255."""
    kind, width = array.dtype.kind, array.dtype.itemsize
    if kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if kind == "u" and width == 1:
        return array
    if kind == "u" and width == 2:
        return integers_to_8_bits(array.astype(np.uint16, copy=False), notes)
    if kind in "iu":
        if array.min() < 0 or array.max() > 255:
            raise ImageError(f"an array of {array.dtype} must hold values from 0 to 255")
        return array.astype(np.uint8)
    if kind == "f":
        if not (array.min() >= 0 and array.max() <= 1):  # also false for NaN
            raise ImageError(
                f"an array of {array.dtype} must hold values from 0 to 1; divide by 255, or give "
                "uint8"
            )
        wide = array if width >= 4 else array.astype(np.float32)
        return np.rint(wide * wide.dtype.type(255)).astype(np.uint8)
    raise ImageError(f"an array of {array.dtype} is not an image; give uint8")


def _check_size(height: int, width: int, name: str, max_pixels: int) -> None:
    if height < 1 or width < 1:
        raise ImageError(f"{name} is empty: {width}x{height} pixels")
    if height * width > max_pixels:
        raise ImageError(
            f"{name} has {width}x{height} pixels, more than the limit of {max_pixels}; shrink or "
            "split it"
        )


def _frame_note(image: Image.Image) -> list[str]:
    try:
        frames = getattr(image, "n_frames", 1)
    except Exception:  # noqa: BLE001
        # Counting frames reads the file, which may be damaged further on.
        frames = 1
    return [f"only frame {image.tell() + 1} of {frames} kept"] if frames > 1 else []
