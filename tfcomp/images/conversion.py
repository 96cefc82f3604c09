"""Converts an image that Pillow opened to upright 8 bits a sample, and notes what is lost.

`upright_rgb` makes RGB of everything. `upright_whole` keeps grey, alpha and metadata.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from tfcomp.images.kept_metadata import Metadata, kept_exif, kept_profile, kept_xmp
from tfcomp.images.metadata import depth_notes, note_metadata, small_png_chunks
from tfcomp.images.orientation import describe_exif, upright
from tfcomp.images.samples import check_colour_range, deep_to_8_bits, is_deep
from tfcomp.images.transparency import WHITE, compose, split_alpha

Colours = Callable[[Image.Image, list], Image.Image]
_GREY_MODES = ("1", "L", "LA", "La")
_CONVERTED_MODES = ("CMYK", "LAB")  # no profile of theirs is one of what they become


@dataclass(frozen=True)
class Storage:
    """How a file stores a picture; read before the picture is loaded.

    Attributes:
      raw_mode: Pillow's name for the form of its samples; "" if unknown.
      chunks: the short ones of a PNG.
      notes: what Pillow loses while it decodes.
    """

    raw_mode: str
    chunks: dict[bytes, bytes]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, image: Image.Image) -> Storage:
        raw_mode, notes = _raw_mode(image), depth_notes(image)
        if _halved_by_pillow(raw_mode):
            notes.append("16 bits a sample reduced to 8")
        return cls(raw_mode, small_png_chunks(image), tuple(notes))


def upright_rgb(
    image: Image.Image,
    storage: Storage,
    notes: list[str],
    background: tuple[int, int, int] = WHITE,
    to_srgb: Colours | None = None,
) -> Image.Image:
    """Converts a loaded image to mode RGB, turned as its file says.

    Args:
      image: a loaded image.
      storage: what `Storage.of` said before the image was loaded.
      notes: takes what was lost, a phrase each.
      background: the colour below transparent pixels.
      to_srgb: applies the colour profile of an L, RGB, CMYK or LAB image and notes it; profiles are
        ignored if None.

    Raises:
      ImageError: the samples are in no known range. Pillow raises others for odd modes.
    """
    notes += storage.notes
    orientation = describe_exif(image, notes)
    note_metadata(image, storage.chunks, notes)
    check_colour_range(image)
    colours, alpha = _colours_and_alpha(image, storage, notes, to_srgb)
    return upright(compose(colours.convert("RGB"), alpha, background, notes), orientation)


@dataclass(frozen=True)
class WholeImage:
    """An upright image.

    Attributes:
      colours: mode RGB, or L where the image is grey.
      alpha: mode L; None where nothing is transparent.
      metadata: what goes with it.
    """

    colours: Image.Image
    alpha: Image.Image | None
    metadata: Metadata


def upright_whole(
    image: Image.Image, storage: Storage, notes: list[str], to_srgb: Colours, metadata: bool
) -> WholeImage:
    """Converts a loaded image to mode RGB or L, with its alpha, turned as its file says.

    Args:
      image: a loaded image.
      storage: what `Storage.of` said before the image was loaded.
      notes: takes what was lost, a phrase each.
      to_srgb: see `upright_rgb`; applied where the profile can't be kept.
      metadata: whether profile, Exif and XMP are kept.

    Raises:
      ImageError: the samples are in no known range. Pillow raises others for odd modes.
    """
    notes += storage.notes
    orientation = describe_exif(image, notes, kept=metadata)
    note_metadata(image, storage.chunks, notes, xmp_kept=metadata)
    check_colour_range(image)
    fits = metadata and image.mode not in _CONVERTED_MODES
    profile = kept_profile(image, _kept_mode(image)) if fits else None
    convert = to_srgb if profile is None else None
    colours, alpha = _colours_and_alpha(image, storage, notes, convert)
    colours = colours.convert(_kept_mode(image))
    if alpha is not None and alpha.getextrema() == (255, 255):
        alpha = None
    kept = Metadata()
    if metadata:
        exif = kept_exif(image, orientation != 1, notes)
        kept = Metadata(profile, exif, kept_xmp(image, notes))
    return WholeImage(
        upright(colours, orientation), None if alpha is None else upright(alpha, orientation), kept
    )


def _kept_mode(image: Image.Image) -> str:
    """L of a grey image, RGB of any other."""
    return "L" if image.mode in _GREY_MODES or is_deep(image.mode) else "RGB"


def _colours_and_alpha(
    image: Image.Image, storage: Storage, notes: list[str], to_srgb: Colours | None
) -> tuple[Image.Image, Image.Image | None]:
    """Colours of mode L or RGB, or of the mode that an image without a profile had; and alpha."""
    mode = image.mode
    colours, alpha = split_alpha(image, notes, storage.raw_mode)
    if is_deep(mode):
        if to_srgb and image.info.get("icc_profile"):
            notes.append("colour profile dropped")
        stated = storage.chunks.get(b"sBIT", b"")
        bits = stated[0] if len(stated) == 1 else 0
        # Not `colours`: a copy no longer knows its file.
        return Image.fromarray(deep_to_8_bits(image, notes, bits)), alpha
    if colours.mode in ("P", "YCbCr", "HSV"):
        colours = colours.convert("RGB")
    elif colours.mode == "1":
        colours = colours.convert("L")
    if mode == "CMYK":
        notes.append("CMYK converted to RGB")
    return to_srgb(colours, notes) if to_srgb else colours, alpha


def _raw_mode(image: Image.Image) -> str:
    """`Storage.raw_mode` of an image that is not loaded yet."""
    for tile in getattr(image, "tile", None) or []:
        arguments = tile[3] if len(tile) > 3 else None
        raw_mode = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
        if isinstance(raw_mode, str):
            return raw_mode
    return ""


def _halved_by_pillow(raw_mode: str) -> bool:
    """Whether Pillow reads 16-bit colours as 8 bits."""
    return ";16" in raw_mode and not raw_mode.startswith("I")
