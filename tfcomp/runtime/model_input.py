"""What a model is given: its kind of picture, read from anything that holds one.

    RGB and grey of 8 bits    any picture (image_input.py), with alpha, profile, Exif and XMP
    all others                arrays of the model's own samples, or files of such
                              (tfcomp/images/sample_files.py)

Nothing is narrowed silently: a note, which is logged, says it of 8-bit models, and the others take
their own kind of samples only.
"""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import numpy as np
from PIL import Image

from tfcomp.errors import CodecError, ImageError
from tfcomp.image_spec import ImageSpec
from tfcomp.images.array_axes import axes_fault
from tfcomp.images.channel_order import fits_in_another_order
from tfcomp.images.sample_files import pages_of
from tfcomp.images.sample_values import checked_samples
from tfcomp.images.samples import is_deep
from tfcomp.runtime.file_objects import FileObjectError, is_file_object, read_whole
from tfcomp.runtime.image_input import MAX_FILE_BYTES, Background, InputPicture, read_picture
from tfcomp.runtime.manifest import Manifest


def read_for(
    manifest: Manifest,
    source: Any,
    background: Background | None = None,
    metadata: bool = True,
) -> InputPicture:
    """Reads a picture of the kind that a model takes.

    Args:
      manifest: of the model.
      source: of 8-bit RGB and grey what `read_picture` takes. Else an array [H, W, channels], of
        one channel also [H, W], of the very samples; a PIL image; or a file that holds one such
        picture, as its path, its bytes or a file object.
      background: see `read_picture`.
      metadata: likewise.

    Returns:
      the picture, its pixels [H, W, channels] of the model's samples.

    Raises:
      ImageError: it is no such picture; the message says what it is.
    """
    spec = manifest.image
    if spec.is_rgb8:
        return read_picture(source, manifest.max_pixels, background, metadata)
    if spec.is_screen:
        found = read_picture(source, manifest.max_pixels, background, metadata)
        return _grey_of(found, manifest)
    samples = checked_samples(samples_of(source, spec, manifest.max_pixels), spec)
    notes = order_notes(samples, manifest)
    return InputPicture(np.ascontiguousarray(samples), notes=notes)


def order_notes(samples: np.ndarray, manifest: Manifest) -> tuple[str, ...]:
    """A phrase where channels seem to stand in another order than in training.

    Args:
      samples: [H, W, channels].
      manifest: its `channel_means` and `channel_deviations` are those of training pictures' means.
    """
    if len(manifest.channel_means) < 2:
        return ()
    usual, spread = np.array(manifest.channel_means), np.array(manifest.channel_deviations)
    means = samples.mean((0, 1), dtype=np.float64)
    if not fits_in_another_order(means, usual, spread, manifest.image.peak):
        return ()
    seen = ", ".join(f"{mean:.4g}" for mean in means)
    trained = ", ".join(f"{mean:.4g}" for mean in usual)
    return (
        f"channels may stand in another order than in training: their means are {seen}, and were "
        f"{trained}",
    )


def _grey_of(found: InputPicture, manifest: Manifest) -> InputPicture:
    if not found.grey:
        raise ImageError(
            f"the picture has colours, and model '{manifest.name}' keeps grey alone; make it grey "
            "first (in Pillow: image.convert('L')), or use another model"
        )
    # The model is grey itself, so the file need not say it.
    return dataclasses.replace(found, pixels=found.pixels[:, :, :1], grey=False)


def samples_of(source: Any, spec: ImageSpec, max_pixels: int) -> np.ndarray:
    """[H, W, channels] as they are stored, of anything that `read_for` takes.

    Raises:
      ImageError: it holds no picture of these channels, several, or more pixels than the limit.
    """
    array = _array_of(source, spec, max_pixels)
    _check_size(array.shape, max_pixels)
    return array


def _array_of(source: Any, spec: ImageSpec, max_pixels: int) -> np.ndarray:
    if is_file_object(source) and not isinstance(source, Image.Image):
        try:
            source = read_whole(source, MAX_FILE_BYTES)
        except FileObjectError as error:
            raise ImageError(str(error)) from None
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _only_page(bytes(source), "the input", spec, max_pixels)
    if isinstance(source, (str, os.PathLike)):
        return _only_page(source, os.fspath(source), spec, max_pixels)
    if isinstance(source, Image.Image):
        if not (source.mode in ("L", "RGB") or is_deep(source.mode)):
            raise ImageError(f"an image of mode {source.mode} is no picture of {spec}")
        return _of_spec(np.asarray(source), spec)
    if hasattr(source, "__array__") or hasattr(source, "__array_interface__"):
        return _of_spec(np.asarray(source), spec)
    raise ImageError(
        f"a {type(source).__name__} is no picture of {spec}; give an array [H, W, "
        f"{spec.channels}], or a path"
    )


def _only_page(
    source: str | os.PathLike | bytes, name: str, spec: ImageSpec, max_pixels: int
) -> np.ndarray:
    pages = pages_of(source, spec)
    if len(pages) != 1:
        raise ImageError(f"{name} holds {len(pages)} pictures; give one at a time, as an array")
    _check_size(pages[0].shape, max_pixels)  # before it is read
    return _of_spec(pages[0].whole(), spec)


def _of_spec(array: np.ndarray, spec: ImageSpec) -> np.ndarray:
    if array.ndim == 2 and spec.channels == 1:
        return array[:, :, None]
    if array.ndim != 3 or array.shape[2] != spec.channels:
        raise ImageError(axes_fault(array.shape, spec))
    return array


def _check_size(shape: tuple[int, ...], max_pixels: int) -> None:
    height, width = shape[:2]
    if height * width > max_pixels:
        raise ImageError(
            f"the array has {width}x{height} pixels, more than the limit of {max_pixels}; split it"
        )


def check_fits(picture: InputPicture, manifest: Manifest) -> None:
    """Raises CodecError for a picture that was read for a model of other pictures."""
    if picture.pixels.shape[2] != manifest.image.channels:
        raise CodecError(
            f"the picture was read for another model; '{manifest.name}' takes {manifest.image}"
        )
