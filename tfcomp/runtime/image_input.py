"""Reads images of any kind as 8-bit pixels, and notes what was lost.

`read_image` gives RGB. `read_picture` also keeps what a `.tfcomp` file of format version 2 holds:
alpha, the colour profile, Exif and XMP, and that a picture is grey.

Conversions follow Pillow's `convert("RGB")`, except where it would silently give another picture:
the EXIF orientation is applied, colours with an ICC profile are converted to sRGB, deep samples are
scaled by their range instead of clipped, and transparent pixels show the background. The rules are
those of tfcomp/images.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, Generic, TypeVar

import numpy as np
from PIL import Image

from tfcomp.bitstream.container import MAGIC, MAX_PIXELS
from tfcomp.errors import ImageError, one_line
from tfcomp.images.colour import to_srgb
from tfcomp.images.conversion import Storage, upright_rgb, upright_whole
from tfcomp.images.hidden_colours import smooth_hidden
from tfcomp.images.kept_metadata import Metadata
from tfcomp.images.opening import check_is_no_drawing, open_image
from tfcomp.images.samples import integers_to_8_bits
from tfcomp.images.transparency import WHITE, Background, checked_background, compose
from tfcomp.runtime.file_objects import FileObjectError, is_file_object, read_whole, unreadable

__all__ = [
    "MAX_FILE_BYTES",
    "WHITE",
    "Background",
    "InputImage",
    "InputPicture",
    "read_image",
    "read_picture",
]

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


@dataclass(frozen=True)
class InputPicture:
    """An image as a codec takes it, with all that a file keeps of it.

    Attributes:
      pixels: uint8 [H, W, 3], RGB; three equal channels where it is grey.
      grey: whether it has one channel.
      alpha: uint8 [H, W]; None where nothing is transparent.
      metadata: what goes with the pixels.
      notes: what was lost, a phrase each.
    """

    pixels: np.ndarray
    grey: bool = False
    alpha: np.ndarray | None = None
    metadata: Metadata = Metadata()
    notes: tuple[str, ...] = ()

    @property
    def kept(self) -> tuple[str, ...]:
        """What a file keeps of it beside RGB, a word or two each."""
        words = {
            "grey": self.grey,
            "alpha": self.alpha is not None,
            "colour profile": self.metadata.icc_profile,
            "EXIF": self.metadata.exif,
            "XMP": self.metadata.xmp,
        }
        return tuple(word for word, there in words.items() if there)


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
        - an array [H, W], [H, W, 1], [H, W, 2] (grey and alpha), [H, W, 3] (RGB) or [H, W, 4]
          (RGBA) of uint8, of other integers from 0 to 255, of uint16 (0..65535 is scaled to 0..255;
          0..255 where none is larger), of bool, or of floats from 0 to 1; of any byte order.
      max_pixels: larger images are refused before they are decoded.
      background: the colour below transparent pixels, (r, g, b) from 0 to 255 or a name.

    Raises:
      ImageError: it cannot be read as an image.
      ConfigError: a bad background.
    """
    colour = checked_background(background)

    def of_image(image: Image.Image, storage: Storage, notes: list[str]) -> InputImage:
        rgb = upright_rgb(image, storage, notes, colour, to_srgb)
        return InputImage(np.array(rgb, dtype=np.uint8), tuple(notes))

    def of_samples(colours: np.ndarray, alpha: np.ndarray | None, notes: list[str]) -> InputImage:
        return InputImage(_composed(_rgb(colours), alpha, colour, notes), tuple(notes))

    return _Reader(max_pixels, of_image, of_samples).read(source)


def read_picture(
    source: Any,
    max_pixels: int = MAX_PIXELS,
    background: Background | None = None,
    metadata: bool = True,
) -> InputPicture:
    """Reads `source` with its alpha, and with its colour profile, Exif and XMP.

    Colours under full transparency are smoothed, so that they cost nothing.

    Args:
      source: see `read_image`.
      max_pixels: likewise.
      background: what transparent pictures are laid on; None keeps alpha.
      metadata: whether profile, Exif and XMP are kept. Without, colours become sRGB.

    Raises:
      ImageError: it cannot be read as an image.
      ConfigError: a bad background.
    """
    colour = None if background is None else checked_background(background)

    def finished(
        colours: np.ndarray, alpha: np.ndarray | None, kept: Metadata, notes: list[str]
    ) -> InputPicture:
        grey, pixels = colours.ndim == 2 or colours.shape[2] == 1, _rgb(colours)
        if colour is not None and alpha is not None:
            pixels = _composed(pixels, alpha, colour, notes)
            grey, alpha = grey and len(set(colour)) == 1, None
        if alpha is not None:
            pixels = smooth_hidden(pixels, alpha)
        return InputPicture(pixels, grey, alpha, kept, tuple(notes))

    def of_image(image: Image.Image, storage: Storage, notes: list[str]) -> InputPicture:
        whole = upright_whole(image, storage, notes, to_srgb, metadata)
        alpha = None if whole.alpha is None else np.array(whole.alpha)
        return finished(np.array(whole.colours), alpha, whole.metadata, notes)

    def of_samples(colours: np.ndarray, alpha: np.ndarray | None, notes: list[str]) -> InputPicture:
        if alpha is not None and alpha.min() == 255:
            alpha = None
        return finished(colours, alpha, Metadata(), notes)

    return _Reader(max_pixels, of_image, of_samples).read(source)


_Result = TypeVar("_Result")


class _Reader(Generic[_Result]):
    """Opens a source of any kind, and converts what it holds.

    Args:
      max_pixels: larger images are refused before they are decoded.
      of_image: takes a loaded image, how its file stores it, and notes.
      of_samples: takes uint8 [H, W, 1] or [H, W, 3], alpha [H, W] or None, and notes.
    """

    def __init__(
        self,
        max_pixels: int,
        of_image: Callable[[Image.Image, Storage, list[str]], _Result],
        of_samples: Callable[[np.ndarray, np.ndarray | None, list[str]], _Result],
    ) -> None:
        self._max_pixels = max_pixels
        self._of_image, self._of_samples = of_image, of_samples

    def read(self, source: Any) -> _Result:
        if isinstance(source, (str, os.PathLike)):
            return self._path(source)
        if isinstance(source, (bytes, bytearray, memoryview)):
            return self._stream(io.BytesIO(source), "the input")
        if isinstance(source, Image.Image):
            return self._image(source, "the image")
        if hasattr(source, "__array__") or hasattr(source, "__array_interface__"):
            return self._array(_as_array(source))
        if is_file_object(source):
            try:
                content = read_whole(source, MAX_FILE_BYTES)
            except FileObjectError as error:
                raise ImageError(str(error)) from None
            return self._stream(io.BytesIO(content), "the input")
        raise ImageError(
            f"a {type(source).__name__} is not an image; give a path, bytes, a file object, a PIL "
            "image or an array"
        )

    def _path(self, path: str | os.PathLike) -> _Result:
        name = os.fsdecode(path)
        try:
            with open(path, "rb") as file:
                if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    return self._stream(file, name)
                content = file.read(MAX_FILE_BYTES + 1)  # a pipe cannot go back to its start
        except ImageError:
            raise
        except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
            raise ImageError(unreadable(path, error, "an image file")) from None
        return self._stream(io.BytesIO(content), name)

    def _stream(self, stream: BinaryIO, name: str) -> _Result:
        start = stream.read(len(MAGIC))
        if not start:
            raise ImageError(f"{name} is empty")
        if start == MAGIC:
            raise ImageError(f"{name} is already a .tfcomp file; decompress it first")
        try:
            image = open_image(stream)
        except Image.DecompressionBombError:
            raise ImageError(
                f"{name} has more than {self._max_pixels} pixels; shrink or split it"
            ) from None
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
            return self._image(image, name)

    def _image(self, image: Image.Image, name: str) -> _Result:
        _check_size(image.height, image.width, name, self._max_pixels)
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
            return self._of_image(image, storage, notes)
        except ImageError as error:
            raise ImageError(f"{name}: {error}") from None
        except (ValueError, OSError) as error:
            raise ImageError(
                f"{name} has mode {image.mode}: {one_line(error)}; convert it to RGB first"
            ) from None

    def _array(self, array: np.ndarray) -> _Result:
        if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 2, 3, 4)):
            raise ImageError(
                f"an array of shape {array.shape} is not an image; give [H, W], or [H, W, C] with "
                "1 to 4 channels"
            )
        _check_size(array.shape[0], array.shape[1], "the array", self._max_pixels)
        notes: list[str] = []
        samples = _array_to_8_bits(array if array.ndim == 3 else array[:, :, None], notes)
        if samples.shape[2] in (1, 3):
            return self._of_samples(samples, None, notes)
        return self._of_samples(samples[:, :, :-1], np.ascontiguousarray(samples[:, :, -1]), notes)


def _rgb(colours: np.ndarray) -> np.ndarray:
    """uint8 [H, W], [H, W, 1] or [H, W, 3] -> [H, W, 3]."""
    whole = colours[:, :, None] if colours.ndim == 2 else colours
    return np.ascontiguousarray(np.broadcast_to(whole, (*whole.shape[:2], 3)))


def _composed(
    colours: np.ndarray,
    alpha: np.ndarray | None,
    background: tuple[int, int, int],
    notes: list[str],
) -> np.ndarray:
    """uint8 [H, W, 3] on a background, where there is alpha."""
    if alpha is None:
        return colours
    return np.array(compose(Image.fromarray(colours), Image.fromarray(alpha), background, notes))


def _as_array(source: Any) -> np.ndarray:
    try:
        return np.asarray(source)
    except Exception as error:  # noqa: BLE001
        # Some libraries' types claim to be arrays and then raise odd errors.
        raise ImageError(f"the array cannot be read: {one_line(error)}") from None


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
