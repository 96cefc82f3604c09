"""Converts samples of more than 8 bits to 8, by their range instead of their type.

The first of these that tells which value is white decides:

1. The file. A TIFF states BitsPerSample, and may state WhiteLevel, or MaxSampleValue or
   SMaxSampleValue; the last two count only if all their bits are ones (1, 1023, 4095), since many
   programs write the largest value that happens to occur. A PNG's white is 65535, unless sBIT
   states fewer bits and no sample needs more. Pillow itself scales PGM and JPEG 2000 to 65535.
2. The values, for images made in memory and for floats: 1 for floats up to 1, else 255 for values
   up to 255, else 65535 for integers.

Black is 0. The notes say which value was taken for white, unless it was simply 16 bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from tfcomp.errors import ImageError

_BITS_PER_SAMPLE, _PHOTOMETRIC, _MAX_SAMPLE_VALUE = 258, 262, 281
_SAMPLE_FORMAT, _S_MAX_SAMPLE_VALUE, _WHITE_LEVEL = 339, 341, 50717
_WHITE_IS_ZERO = 0
_SIGNED = 2
_16_BITS = 65535
_DARK = 4095  # a 16-bit picture whose largest value is below this is unlikely to hold white
_SCALED_BY_PILLOW = ("PPM", "JPEG2000")


def is_deep(mode: str) -> bool:
    """Whether samples of a Pillow mode are wider than 8 bits."""
    return mode == "F" or mode.startswith("I")


def deep_to_8_bits(image: Image.Image, notes: list[str], significant_bits: int = 0) -> np.ndarray:
    """A loaded image of mode I, I;16... or F as uint8 [H, W].

    Args:
      image: a loaded image.
      notes: takes a phrase about what was taken for white.
      significant_bits: what a PNG's sBIT says, 0 for nothing.

    Raises:
      ImageError: the samples are in no known range.
    """
    samples = np.asarray(image)
    if samples.dtype.byteorder == ">":
        samples = samples.astype(samples.dtype.newbyteorder("="))
    stated = _stated_white(image, significant_bits, samples)
    if image.mode == "F":
        grey = floats_to_8_bits(samples, notes, stated)
    else:
        grey = integers_to_8_bits(samples, notes, stated)
    return 255 - grey if _tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO else grey


def integers_to_8_bits(
    samples: np.ndarray, notes: list[str], stated: float | None = None
) -> np.ndarray:
    """Integers of any shape as uint8.

    Args:
      samples: integers of any shape.
      notes: takes what was lost, a phrase each.
      stated: which value is white; found from the values if None.

    Raises:
      ImageError: samples are negative, or beyond 16 bits.
    """
    low, high = _extremes(samples)
    if low < 0:
        raise ImageError("it has negative samples; scale them to 0..65535 first")
    if stated is not None and high > stated:
        stated = None
    white = int(stated) if stated is not None else (255 if high <= 255 else _16_BITS)
    if high > _16_BITS and stated is None:
        raise ImageError("its 32-bit samples exceed 16 bits; scale them to 0..65535 first")
    if white == 255:
        notes.append("samples taken as 0 to 255")
    elif white == _16_BITS:
        notes.append("16 bits a sample reduced to 8")
        if 0 < high <= _DARK:
            notes.append(
                f"samples taken as 0 to 65535, of which the largest is {int(high)}: "
                "scale them first if that is white"
            )
    else:
        notes.append(f"samples from 0 to {white} reduced to 8 bits")
    if white > _16_BITS:
        return np.rint(samples * (255.0 / white)).astype(np.uint8)
    # A table, instead of arithmetic on a whole picture in a wider type.
    levels = np.arange(white + 1, dtype=np.uint32)
    return ((levels * 255 + white // 2) // white).astype(np.uint8)[samples]


def floats_to_8_bits(
    samples: np.ndarray, notes: list[str], stated: float | None = None
) -> np.ndarray:
    """Floats of any shape as uint8; see `integers_to_8_bits`."""
    low, high = _extremes(samples)
    if not (low >= 0 and high < np.inf):  # also false for NaN
        raise ImageError("its float samples are not within 0..1 or 0..255; scale them first")
    if stated is not None and high > stated:
        stated = None
    white = stated or (1 if high <= 1 else 255)
    if high > white:
        raise ImageError("its float samples are not within 0..1 or 0..255; scale them first")
    notes.append("float samples reduced to 8 bits")
    notes.append(f"samples taken as 0 to {white:g}")
    wide = samples if samples.dtype.itemsize >= 4 else samples.astype(np.float32)
    return np.rint(wide * wide.dtype.type(255.0 / white)).astype(np.uint8)


def check_colour_range(image: Image.Image) -> None:
    """Raises ImageError for a deep colour image whose white Pillow ignores when it halves bits."""
    bits = _tag(image, _BITS_PER_SAMPLE)
    if image.mode in ("RGB", "RGBA", "CMYK") and bits and bits > 8:
        white = _stated_by_tiff(image)
        if white is not None and white < 2**bits - 1:
            raise ImageError(
                f"its {bits}-bit colours have their white at {white:g}; scale them to "
                f"0..{2**bits - 1} first"
            )


def _stated_white(
    image: Image.Image, significant_bits: int, samples: np.ndarray
) -> float | None:
    """The value that the file declares white; None where it does not say."""
    file_format = getattr(image, "format", None)
    if file_format == "TIFF":
        return _stated_by_tiff(image)
    if image.mode == "F":
        return None
    if file_format == "PNG":
        narrow = 2**significant_bits - 1
        fits = 0 < significant_bits < 16 and samples.size and samples.max() <= narrow
        return narrow if fits else _16_BITS
    return _16_BITS if file_format in _SCALED_BY_PILLOW else None


def _stated_by_tiff(image: Image.Image) -> float | None:
    white_level = _tag(image, _WHITE_LEVEL)
    if white_level and white_level > 0:
        return float(white_level)
    for tag in (_S_MAX_SAMPLE_VALUE, _MAX_SAMPLE_VALUE):
        value = _tag(image, tag)
        if value and _is_a_white(value):
            return float(value)
    bits = _tag(image, _BITS_PER_SAMPLE)
    if image.mode == "F" or not bits or bits > 16:
        return None
    return 2.0 ** (bits - 1) - 1 if _tag(image, _SAMPLE_FORMAT) == _SIGNED else 2.0**bits - 1


def _is_a_white(value: float) -> bool:
    """Whether all bits of a number are ones, as in 1, 255 and 4095."""
    return value == int(value) and value > 0 and int(value) & (int(value) + 1) == 0


def _tag(image: Image.Image, tag: int) -> Any:
    """A TIFF's number, the first where there are several; None where there is none."""
    try:
        value = image.tag_v2.get(tag)  # type: ignore[attr-defined]
        value = value[0] if isinstance(value, tuple) else value
        return value if value is None or np.isfinite(float(value)) else None
    except Exception:  # noqa: BLE001
        # No TIFF, or damaged tags, which must not make the picture unreadable.
        return None


def _extremes(samples: np.ndarray) -> tuple[Any, Any]:
    return (samples.min(), samples.max()) if samples.size else (0, 0)
