"""Whatever people call an image, as 8-bit RGB, and what was lost on the way.

Conversions follow Pillow's `convert("RGB")`, with these differences, each because the plain
conversion would silently give another picture: the EXIF orientation is applied, colours with an
ICC profile are converted to sRGB, and 16-bit and float samples are scaled, not clipped.
"""

from __future__ import annotations

import io
import os
import stat
import warnings
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from tfcomp.bitstream.container import MAGIC, MAX_PIXELS
from tfcomp.errors import ImageError
from tfcomp.runtime.colour import to_srgb

MAX_FILE_BYTES = 2**30
_EXIF_ORIENTATION = 0x0112
_TURNS = {  # EXIF orientation -> what makes it upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class InputImage:
    """pixels: uint8 [H, W, 3], RGB. notes: what was lost, a phrase each, e.g. "alpha dropped"."""

    pixels: np.ndarray
    notes: tuple[str, ...]


def read_image(source: Any, max_pixels: int = MAX_PIXELS, background: tuple[int, int, int] = (255, 255, 255)) -> InputImage:  # noqa: E501
    """Turns `source` into RGB.

    source: one of
      - a path, or the bytes of an image file, in any format that Pillow reads;
      - a PIL image of any mode; of an animation, the current frame;
      - an array [H, W], [H, W, 1], [H, W, 3] (RGB) or [H, W, 4] (RGBA, alpha is dropped) of uint8,
        of other integers from 0 to 255, of uint16 (0..65535 is scaled to 0..255), of bool, or of
        floats from 0 to 1.
    max_pixels: larger images are refused before they are decoded.
    Raises ImageError, one line, for anything else.
    """
    if isinstance(source, (str, os.PathLike)):
        return _read_path(source, max_pixels)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _read_stream(io.BytesIO(source), "the input", max_pixels)
    if isinstance(source, Image.Image):
        return _convert_pil(source, "the image", max_pixels)
    if hasattr(source, "__array__") or hasattr(source, "__array_interface__"):
        return _convert_array(np.asarray(source), max_pixels)
    raise ImageError(
        f"a {type(source).__name__} is not an image; give a path, bytes, a PIL image or an array"
    )


def _read_path(path: str | os.PathLike, max_pixels: int) -> InputImage:
    name = os.fsdecode(path)
    try:
        with open(path, "rb") as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return _read_stream(file, name, max_pixels)
            content = file.read(MAX_FILE_BYTES + 1)  # a pipe cannot go back to its start
    except ImageError:
        raise
    except FileNotFoundError:
        raise ImageError(f"{name} does not exist") from None
    except IsADirectoryError:
        raise ImageError(f"{name} is a folder; name an image file") from None
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        reason = getattr(error, "strerror", None) or str(error)
        raise ImageError(f"{name} cannot be read: {reason}") from None
    return _read_stream(io.BytesIO(content), name, max_pixels)


def _read_stream(stream: BinaryIO, name: str, max_pixels: int) -> InputImage:
    start = stream.read(len(MAGIC))
    stream.seek(0)
    if not start:
        raise ImageError(f"{name} is empty")
    if start == MAGIC:
        raise ImageError(f"{name} is already a .tfcomp file; decompress it first")
    try:
        with warnings.catch_warnings():
            # The limit that counts is checked below, in words of our own.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(stream)
    except Image.DecompressionBombError:
        raise ImageError(f"{name} has more than {max_pixels} pixels; shrink or split it") from None
    except Image.UnidentifiedImageError:
        raise ImageError(f"{name} is not an image that Pillow can read") from None
    except Exception as error:  # noqa: BLE001
        # Pillow's readers raise many types on damaged files.
        raise ImageError(f"{name} cannot be read: {_one_line(error)}") from None
    with image:
        return _convert_pil(image, name, max_pixels)


def _convert_pil(image: Image.Image, name: str, max_pixels: int) -> InputImage:
    _check_size(image.height, image.width, name, max_pixels)
    notes: list[str] = _frame_note(image)
    if _has_wide_samples(image):
        notes.append("16 bits a sample reduced to 8")
    try:
        image.load()
    except Exception as error:  # noqa: BLE001
        raise ImageError(f"{name} cannot be decoded: {_one_line(error)}") from None
    exif_orientation = _describe_metadata(image, notes)
    try:
        rgb = _to_rgb(image, notes)
    except ImageError as error:
        raise ImageError(f"{name}: {error}") from None
    except (ValueError, OSError) as error:
        raise ImageError(f"{name} has mode {image.mode}: {_one_line(error)}") from None
    if exif_orientation in _TURNS:
        rgb = rgb.transpose(_TURNS[exif_orientation])
    return InputImage(np.array(rgb, dtype=np.uint8), tuple(notes))


def _to_rgb(image: Image.Image, notes: list[str]) -> Image.Image:
    """Any mode to mode RGB."""
    mode = image.mode
    if mode == "F" or mode == "I" or mode.startswith("I;16"):
        if image.info.get("icc_profile"):
            notes.append("colour profile dropped")
        grey = _float_to_8_bits(image, notes) if mode == "F" else _wide_to_8_bits(image)
        return Image.fromarray(grey).convert("RGB")
    if _has_transparency(image):
        notes.append("alpha dropped")
        grey_alpha = {"La": "LA"}.get(mode)  # its only way out of premultiplied alpha
        image = image.convert(grey_alpha) if grey_alpha else image.convert("RGBA")
        image = image.convert("L" if mode in ("LA", "La") else "RGB")
    elif mode in ("P", "YCbCr", "HSV"):
        image = image.convert("RGB")
    elif mode == "1":
        image = image.convert("L")
    if mode == "CMYK":
        notes.append("CMYK converted to RGB")
    return to_srgb(image, notes).convert("RGB")


def _wide_to_8_bits(image: Image.Image) -> np.ndarray:
    """Modes I;16 and I (which older Pillow versions use for 16-bit PNG) as uint8 [H, W]."""
    samples = np.asarray(image)
    if samples.size and (samples.min() < 0 or samples.max() > 65535):
        raise ImageError("its 32-bit samples exceed 16 bits; scale them to 0..65535 first")
    return _scale_16_bits(samples)


def _float_to_8_bits(image: Image.Image, notes: list[str]) -> np.ndarray:
    """Mode F as uint8 [H, W]. Pillow's own range is 0..255, but many store 0..1 in it."""
    samples = np.asarray(image)
    if not np.isfinite(samples).all() or samples.min() < 0 or samples.max() > 255:
        raise ImageError("its float samples are not within 0..1 or 0..255; scale them first")
    notes.append("float samples reduced to 8 bits")
    scale = 255.0 if samples.max() <= 1 else 1.0
    return np.rint(samples * scale).astype(np.uint8)


def _convert_array(array: np.ndarray, max_pixels: int) -> InputImage:
    shape_ok = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4))
    if not shape_ok:
        raise ImageError(
            f"an array of shape {array.shape} is not an image; give [H, W], [H, W, 1], [H, W, 3] "
            "or [H, W, 4]"
        )
    _check_size(array.shape[0], array.shape[1], "the array", max_pixels)
    notes = []
    if array.ndim == 2:
        array = array[:, :, None]
    if array.shape[2] == 4:
        notes.append("alpha dropped")
        array = array[:, :, :3]
    if array.dtype == np.uint16:
        notes.append("16 bits a sample reduced to 8")
    samples = _array_to_8_bits(array)
    pixels = np.broadcast_to(samples, (*samples.shape[:2], 3))
    return InputImage(np.ascontiguousarray(pixels), tuple(notes))


def _array_to_8_bits(array: np.ndarray) -> np.ndarray:
    kind = array.dtype.kind
    if array.dtype == np.uint8:
        return array
    if kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint16:
        return _scale_16_bits(array)
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
        return np.rint(array * array.dtype.type(255)).astype(np.uint8)
    raise ImageError(f"an array of {array.dtype} is not an image; give uint8")


def _scale_16_bits(samples: np.ndarray) -> np.ndarray:
    """0..65535 to the nearest of 0..255; 65535 = 257 * 255, so black and white stay exact."""
    return ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _check_size(height: int, width: int, name: str, max_pixels: int) -> None:
    if height < 1 or width < 1:
        raise ImageError(f"{name} is empty: {width}x{height} pixels")
    if height * width > max_pixels:
        raise ImageError(
            f"{name} has {width}x{height} pixels, more than the limit of {max_pixels}; shrink or "
            "split it"
        )


def _has_transparency(image: Image.Image) -> bool:
    palette = image.palette.mode if image.mode == "P" and image.palette else ""
    alpha_band = image.mode in ("RGBA", "RGBa", "LA", "La", "PA")
    return alpha_band or "transparency" in image.info or palette.startswith("RGBA")


def _has_wide_samples(image: Image.Image) -> bool:
    """Whether more than 8 bits a sample are stored; Pillow halves 16-bit RGB as it decodes."""
    if image.mode == "I" or image.mode.startswith("I;16"):
        return True
    for tile in getattr(image, "tile", None) or []:
        arguments = tile[3] if len(tile) > 3 else None
        raw_mode = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
        if isinstance(raw_mode, str) and ";16" in raw_mode and "RGB" in raw_mode:
            return True
    return False


def _frame_note(image: Image.Image) -> list[str]:
    try:
        frames = getattr(image, "n_frames", 1)
    except Exception:  # noqa: BLE001
        # Counting frames reads the file, which may be damaged further on.
        frames = 1
    return [f"only frame {image.tell() + 1} of {frames} kept"] if frames > 1 else []


def _describe_metadata(image: Image.Image, notes: list[str]) -> int:
    """The EXIF orientation (1 where there is none); notes which metadata do not survive."""
    try:
        exif = image.getexif()
        orientation, has_exif = exif.get(_EXIF_ORIENTATION, 1), len(exif) > 0
    except Exception:  # noqa: BLE001
        # Damaged EXIF must not make the picture unreadable.
        orientation, has_exif = 1, True
    if has_exif:
        notes.append("EXIF dropped" + (" (its rotation applied)" if orientation in _TURNS else ""))
    if {"xmp", "XML:com.adobe.xmp"} & set(image.info):
        notes.append("XMP dropped")
    return orientation


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
