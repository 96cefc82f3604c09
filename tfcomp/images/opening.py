"""Opens image files of listed formats only.

Pillow tries every format that it knows on any bytes, whatever the file's name. For EPS it starts
Ghostscript, a whole programming language; for WMF it asks the operating system to draw; and its
readers of formats from science and games were rarely attacked. The list has the formats that people
keep pictures in.
"""

from __future__ import annotations

import importlib
import os
import warnings
from typing import BinaryIO

from PIL import Image, ImageFile

from tfcomp.errors import ImageError

# fmt: off
FORMATS = (
    "PNG", "JPEG", "MPO", "WEBP", "AVIF", "HEIF", "JXL", "TIFF", "GIF", "BMP", "DIB", "PPM",
    "JPEG2000", "TGA", "ICO", "ICNS", "PCX", "PSD", "QOI", "SGI", "DDS",
)
# Formats that Pillow reads with a plugin: how their files start, and the plugin.
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_AVIF_BRANDS = (b"avif", b"avis")
_JXL_STARTS = (b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n")
# fmt: on
# Pillow's name: what people call the format, the plugin's module and its package.
_PLUGINS = {
    "JXL": ("JPEG XL", "pillow_jxl", "pillow-jxl-plugin"),
    "AVIF": ("AVIF", "pillow_avif", "pillow-avif-plugin"),
    "HEIF": ("HEIC", "pillow_heif", "pillow-heif"),
}
_PLUGIN_OF_SUFFIX = {
    ".jxl": "JXL",
    ".avif": "AVIF",
    **dict.fromkeys((".heic", ".heif", ".hif"), "HEIF"),
}
_HEAD_BYTES = 64
# Another program draws them when their pixels are asked for.
_DRAWN_BY_OTHERS = ("EPS", "WMF")


def open_image(source: str | os.PathLike | BinaryIO) -> ImageFile.ImageFile:
    """`Image.open`, of the formats in FORMATS, with the plugin that the file needs.

    Pillow's size limit holds; its warning above half of the limit is left out.

    Args:
      source: a path, or a binary file object, which is read from its start.

    Raises:
      ImageError: the plugin of a format is not installed.
      UnidentifiedImageError: it is not an image of these formats.
      OSError: the file is damaged; Pillow raises nearly any other type too.
    """
    Image.init()
    register_plugin_of(_head(source))
    formats = [name for name in FORMATS if name in Image.OPEN]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(source, formats=formats)


def check_is_no_drawing(image: Image.Image) -> None:
    """Raises ImageError for an image opened elsewhere that another program would draw."""
    if image.format in _DRAWN_BY_OTHERS and getattr(image, "tile", None):
        raise ImageError(
            f"it is an {image.format} drawing, for which Pillow starts another program; if you "
            "trust the file, call its load() first"
        )


def register_plugin_of(head: bytes) -> None:
    """Registers the plugin for a file that begins so, if Pillow cannot read it itself.

    Raises:
      ImageError: it names the package to install.
    """
    brands = _brands(head)
    if head.startswith(_JXL_STARTS):
        _register("JXL")
    elif brands & set(_AVIF_BRANDS):
        _register("AVIF")
    elif brands & set(_HEIF_BRANDS):
        _register("HEIF")


def register_plugin_of_suffix(suffix: str) -> None:
    """`register_plugin_of` for a file that is to be written, by its lower-case ending."""
    if suffix in _PLUGIN_OF_SUFFIX:
        _register(_PLUGIN_OF_SUFFIX[suffix])


def _register(name: str) -> None:
    if name in Image.OPEN:
        return
    spoken, module_name, package = _PLUGINS[name]
    try:
        module = importlib.import_module(module_name)
        if name == "HEIF":
            module.register_heif_opener()
    except Exception:  # noqa: BLE001
        # ImportError if it is missing; a library that does not fit Pillow raises other types.
        pass
    if name not in Image.OPEN:
        raise ImageError(f"{spoken} files need another package; run: pip install {package}")


def _brands(head: bytes) -> set[bytes]:
    """The brand and compatible brands of a file of boxes, such as HEIC and AVIF."""
    if head[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12], *(head[start : start + 4] for start in range(16, end - 3, 4))}


def _head(source: str | os.PathLike | BinaryIO) -> bytes:
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            return file.read(_HEAD_BYTES)
    source.seek(0)
    head = source.read(_HEAD_BYTES)
    source.seek(0)
    return head
