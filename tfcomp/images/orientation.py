"""Turns pictures upright by their EXIF orientation.

A file's orientation counts for the picture as it was opened. An image made from it in memory
(rotated, transposed, resized, converted, copied) still has the file's EXIF but may have been turned
already; so its pixels are taken as they are, as `image.show()` shows them.
`ImageOps.exif_transpose(image)` turns one by its EXIF and removes the orientation.
"""

from __future__ import annotations

from PIL import Image, ImageFile

_TAG = 0x0112
_TURNS = {  # EXIF orientation -> what makes it upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Their decoders turn the picture by a field of the format; EXIF only informs people.
_UPRIGHT_FORMATS = ("JXL", "HEIF")


def describe_exif(image: Image.Image, notes: list[str], kept: bool = False) -> int:
    """The orientation to undo, 1 for none; notes that EXIF is dropped, unless it is kept."""
    try:
        exif = image.getexif()
        stated, has_exif = exif.get(_TAG, 1), len(exif) > 0
    except Exception:  # noqa: BLE001
        # Damaged EXIF must not make the picture unreadable.
        stated, has_exif = 1, True
    counts = _as_opened(image)
    if has_exif and not kept:
        turned = " (its rotation applied)" if counts and stated in _TURNS else ""
        notes.append("EXIF dropped" + turned)
    if not counts and stated in _TURNS and not isinstance(image, ImageFile.ImageFile):
        notes.append(
            f"orientation {stated} not applied to an image that was changed since it was opened"
        )
    return stated if counts and stated in _TURNS else 1


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The picture turned by an EXIF orientation."""
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def _as_opened(image: Image.Image) -> bool:
    return isinstance(image, ImageFile.ImageFile) and image.format not in _UPRIGHT_FORMATS
