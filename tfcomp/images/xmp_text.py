"""XMP: where images of each format have it, and its orientation."""

from __future__ import annotations

import re
from typing import Any

from PIL import Image

_PNG_NAME = "XML:com.adobe.xmp"
_JPEG_NAME = b"http://ns.adobe.com/xap/1.0/\0"
_ORIENTATIONS = (
    re.compile(rb"(tiff:Orientation\s*=\s*[\"'])\s*\d+\s*([\"'])"),
    re.compile(rb"(<tiff:Orientation\s*>)\s*\d+\s*(</tiff:Orientation\s*>)"),
)


def xmp_of(image: Image.Image) -> bytes | None:
    """The XMP of a loaded image, as its file has it; None where there is none."""
    xmp: Any = image.info.get("xmp") or image.info.get(_PNG_NAME)
    if not xmp:
        for marker, content in getattr(image, "applist", None) or []:
            if marker == "APP1" and content.startswith(_JPEG_NAME):
                xmp = content[len(_JPEG_NAME) :]
    if isinstance(xmp, str):
        xmp = xmp.encode("utf-8", "surrogatepass")
    return xmp.rstrip(b"\0") or None if isinstance(xmp, bytes) else None


def upright_xmp(xmp: bytes) -> bytes:
    """The same text with an orientation of 1, where it states any."""
    for pattern in _ORIENTATIONS:
        xmp = pattern.sub(rb"\g<1>1\g<2>", xmp)
    return xmp
