"""Takes over the ICC profile, Exif and XMP of an image, where they still fit its pixels.

The pixels are upright and of mode L or RGB by then: orientations are reset, and a profile for other
colours than those is left out.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from dataclasses import dataclass
from typing import Any

from PIL import Image

from tfcomp.images.exif_bytes import PREFIX, DamagedExifError, upright_exif
from tfcomp.images.xmp_text import upright_xmp, xmp_of

MOST_BYTES = 16 * 2**20  # of one of them, as spec/version2.md says
_COLOUR_SPACES = {"RGB": b"RGB ", "L": b"GRAY"}
# What a TIFF says about the picture, and not about how its samples lie in the file.
# fmt: off
_DESCRIBING_TAGS = frozenset((
    270, 271, 272, 282, 283, 296, 305, 306, 315, 316, 18246, 18249, 33432, 34665, 34853,
    *range(40091, 40096),
))
# fmt: on
_ORIENTATION_TAG = 0x0112
_DIRECTORY_TAGS = (34665, 34853)  # Exif's own, and GPS
_RESOLUTION_TAGS = frozenset((282, 283, 296))


@dataclass(frozen=True)
class Metadata:
    """What goes with pixels; each is None where there is none.

    Attributes:
      icc_profile: of the colours, which are sRGB without it.
      exif: a TIFF structure, without the six bytes that JPEG has before it.
      xmp: UTF-8 text.
    """

    icc_profile: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None

    def __bool__(self) -> bool:
        return bool(self.icc_profile or self.exif or self.xmp)


def kept_profile(image: Image.Image, mode: str) -> bytes | None:
    """The image's profile if it is for colours of a mode, L or RGB, and can be kept."""
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not 0 < len(profile) <= MOST_BYTES:
        return None
    if profile[16:20] != _COLOUR_SPACES[mode] or not _is_profile(profile):
        return None
    return profile


def kept_exif(image: Image.Image, turned: bool, notes: list[str]) -> bytes | None:
    """The Exif of a loaded image, which says that the picture stands upright.

    Args:
      image: a loaded image.
      turned: whether its pixels were turned by what its Exif said.
      notes: takes why there is none, if there was.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on damaged tags
        try:
            exif = _exif_bytes(image)
            if exif is not None and len(exif) > MOST_BYTES:
                notes.append(f"EXIF of {len(exif)} bytes dropped")
                return None
            return None if exif is None else upright_exif(exif, turned)
        except Exception:  # noqa: BLE001
            # Pillow raises many types for Exif that is damaged.
            notes.append("damaged EXIF dropped")
            return None


def kept_xmp(image: Image.Image, notes: list[str]) -> bytes | None:
    """The XMP of a loaded image, which says that the picture stands upright; notes as above."""
    xmp = xmp_of(image)
    if xmp is None:
        return None
    if len(xmp) > MOST_BYTES:
        notes.append(f"XMP of {len(xmp)} bytes dropped")
        return None
    try:
        xmp.decode()
    except UnicodeDecodeError:
        notes.append("damaged XMP dropped")
        return None
    return upright_xmp(xmp)


def _exif_bytes(image: Image.Image) -> bytes | None:
    written = image.info.get("exif")
    if isinstance(written, bytes) and written and image.format != "TIFF":
        written = written.removeprefix(PREFIX)
        _check_pillow_reads(written)
        return written
    exif = image.getexif()
    kept = describing_exif(exif) if image.format == "TIFF" else exif
    # Pillow adds an orientation that XMP states.
    if set(kept) <= {_ORIENTATION_TAG} | (_RESOLUTION_TAGS if image.format == "TIFF" else set()):
        return None
    return kept.tobytes().removeprefix(PREFIX)


def describing_exif(exif: Image.Exif) -> Image.Exif:
    """Of a TIFF's tags those that describe the picture, and not how its samples lie in the file."""
    kept = Image.Exif()
    kept.endian = exif.endian or "<"
    for tag, value in exif.items():
        if tag in _DESCRIBING_TAGS:
            kept[tag] = exif.get_ifd(tag) if tag in _DIRECTORY_TAGS else value
    return kept


def _check_pillow_reads(exif: bytes) -> None:
    found = Image.Exif()
    found.load(PREFIX + exif)
    if not len(found):
        raise DamagedExifError


def _is_profile(profile: bytes) -> bool:
    if profile[36:40] != b"acsp" or int.from_bytes(profile[:4], "big") > len(profile):
        return False
    try:
        from PIL import ImageCms
    except ImportError:
        return True
    try:
        ImageCms.getOpenProfile(io.BytesIO(profile))
    except Exception:  # noqa: BLE001
        # Pillow and LittleCMS raise several types.
        return False
    return True


def upright_metadata(icc_profile: Any, exif: bytes | None, xmp: bytes | None) -> Metadata:
    """Metadata of a file that anybody may have written, with no orientation that still turns."""
    if exif:
        exif = exif.removeprefix(PREFIX)
        with contextlib.suppress(DamagedExifError):  # no orientation can be read in it either
            exif = upright_exif(exif)
    return Metadata(icc_profile or None, exif or None, upright_xmp(xmp) if xmp else None)
