"""Notes the metadata of a file that is dropped, a phrase for each."""

from __future__ import annotations

import re
from typing import Any

from PIL import Image

_IPTC_OF_PHOTOSHOP, _IPTC_OF_TIFF = 0x0404, 33723
_XMP = ("xmp", "XML:com.adobe.xmp")
_SRGB_GAMMA, _GAMMA_TOLERANCE = 1 / 2.2, 0.005
_SRGB_CHROMATICITIES = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
_CHROMATICITY_TOLERANCE = 0.005
_SRGB_CICP = b"\x01\x0d\x00\x01"
_CHUNK_LIMIT = 1000
_LONGEST_CHUNK = 64


def small_png_chunks(image: Image.Image) -> dict[bytes, bytes]:
    """The short chunks ahead of the pixels of an opened PNG, by name; Pillow does not keep all.

    Empty for other formats, and for images that were loaded before.
    """
    file = getattr(image, "fp", None)
    if image.format != "PNG" or file is None:
        return {}
    found: dict[bytes, bytes] = {}
    try:
        place = file.tell()
        position = 8
        for _ in range(_CHUNK_LIMIT):
            file.seek(position)
            head = file.read(8)
            length, name = int.from_bytes(head[:4], "big"), head[4:]
            if name in (b"IDAT", b"IEND") or len(head) < 8:
                break
            if length <= _LONGEST_CHUNK:
                found.setdefault(name, file.read(length))
            position += length + 12
        file.seek(place)
    except (OSError, ValueError):
        return {}
    return found


def note_metadata(
    image: Image.Image, chunks: dict[bytes, bytes], notes: list[str], xmp_kept: bool = False
) -> None:
    """Notes what is dropped, beside EXIF and colour profiles. The image is loaded."""
    info = image.info
    if set(_XMP) & set(info) and not xmp_kept:
        notes.append("XMP dropped")
    if _has_iptc(image):
        notes.append("IPTC dropped")
    if _has_comment(image):
        notes.append("comments dropped")
    if "icc_profile" in info or "srgb" in info:
        return  # they overrule the numbers below
    cicp = chunks.get(b"cICP")
    if cicp is not None and cicp != _SRGB_CICP:
        notes.append("cICP dropped")
    gamma = info.get("gamma")
    if isinstance(gamma, float) and abs(gamma - _SRGB_GAMMA) > _GAMMA_TOLERANCE:
        notes.append("gAMA dropped")
    if not _is_srgb(info.get("chromaticity")):
        notes.append("cHRM dropped")


def depth_notes(image: Image.Image) -> list[str]:
    """Notes that 10 or 12 bits become 8, which Pillow does silently."""
    bits = image.info.get("bit_depth", 8)
    if image.format == "AVIF":
        bits = _avif_bits(image)
    deep = isinstance(bits, int) and bits > 8
    return [f"{bits} bits a sample reduced to 8"] if deep else []


def _has_iptc(image: Image.Image) -> bool:
    blocks = image.info.get("photoshop")
    if isinstance(blocks, dict) and _IPTC_OF_PHOTOSHOP in blocks:
        return True
    return _IPTC_OF_TIFF in (getattr(image, "tag_v2", None) or {})


def _has_comment(image: Image.Image) -> bool:
    if image.info.get("comment"):
        return True
    if image.format != "PNG":
        return False
    try:
        texts: Any = image.text  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001
        # Reading them decodes the file to its end, which may be damaged.
        return False
    return any(name not in _XMP and not name.startswith("Raw profile") for name in texts)


def _is_srgb(chromaticity: Any) -> bool:
    if not isinstance(chromaticity, tuple) or len(chromaticity) != len(_SRGB_CHROMATICITIES):
        return True
    return all(
        abs(given - srgb) <= _CHROMATICITY_TOLERANCE
        for given, srgb in zip(chromaticity, _SRGB_CHROMATICITIES)
    )


def _avif_bits(image: Image.Image) -> int:
    """Bits a sample by the header of the file's AV1 configuration; 8 where it can't be found."""
    file = getattr(image, "fp", None)
    if file is None:
        return 8
    try:
        place = file.tell()
        file.seek(0)
        head = file.read(4096)
        file.seek(place)
    except (OSError, ValueError):
        return 8
    found = re.search(rb"av1C\x81.(.)", head, re.DOTALL)
    flags = found.group(1)[0] if found else 0
    return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10
