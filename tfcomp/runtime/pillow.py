"""Pillow plugin: `Image.open("x.tfcomp")` and `image.save("x.tfcomp", quality=80)`.

Importing this module, or calling `tfcomp.register_pillow()`, registers it.

Opening checks the file and finds its model, decoding waits for the first use of the pixels, as in
Pillow's own plugins. `Image.MAX_IMAGE_PIXELS`, where it is changed, takes the place of the model's
own limit.

Saving takes the options quality, 0 to 100 as everywhere in Pillow, or level, the model's own
quality (1 to 8 of most), or target_bpp or max_bytes; feedback and background (see
`Codec.compress`); and model, the name or path of a bundle. Any other option is refused; exif,
icc_profile, xmp, comment and dpi are dropped with a warning. A file is replaced once its
successor is whole: for this, registering wraps `Image.Image.save` (see pillow_saving.py).
"""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, ImageFile, UnidentifiedImageError

from tfcomp.bitstream.container import MAGIC
from tfcomp.errors import CodecError
from tfcomp.runtime import codec
from tfcomp.runtime.compressed_input import MAX_FILE_BYTES
from tfcomp.runtime.pillow_saving import (
    FORMAT,
    TfcompSaveError,
    quality_of,
    save,
    save_all,
    save_whole,
)
from tfcomp.runtime.registry import find_by_fingerprint

__all__ = ["FORMAT", "TfcompImageFile", "TfcompOpenError", "TfcompSaveError", "register"]

MIME_TYPE = "image/x-tfcomp"
EXTENSION = ".tfcomp"
_PILLOWS_LIMIT = 89_478_485  # Image.MAX_IMAGE_PIXELS as Pillow sets it
_NO_LIMIT = 2**62


class TfcompOpenError(CodecError, UnidentifiedImageError):
    """A `.tfcomp` file that can't be read: caught as a CodecError and as Pillow's OSError alike.

    Its cause is the error of the class that says why.
    """


class TfcompImageFile(ImageFile.ImageFile):
    """A compressed image, mode RGB.

    `info` holds "level", "quality" (0 to 100, which saves at that level again) and "model", a
    fingerprint's digits.
    """

    format = FORMAT
    format_description = "tfcomp learned image compression"

    def _open(self) -> None:
        assert self.fp is not None
        if self.fp.read(len(MAGIC)) != MAGIC:
            raise SyntaxError("not a .tfcomp file")  # Pillow's word for: ask the next plugin
        self._compressed = MAGIC + self.fp.read(MAX_FILE_BYTES)
        try:
            container = codec.parse_installed(self._compressed, **_limit(opening=True))
        except CodecError as error:
            raise TfcompOpenError(str(error)) from error
        self._size = (container.width, container.height)
        self._mode = "RGB"
        levels = find_by_fingerprint(container.fingerprint).manifest.qualities
        self.info["level"] = container.quality
        self.info["quality"] = quality_of(container.quality, levels)
        self.info["model"] = container.fingerprint.hex()
        self.tile = [_tile(self._size)]

    def load(self) -> Any:
        if self.tile:
            try:
                pixels = codec.decompress(self._compressed, **_limit())
            except CodecError as error:
                raise TfcompOpenError(str(error)) from error
            self._compressed = b""
            if self.fp and self._exclusive_fp:
                self.fp.close()
            self.fp = io.BytesIO(pixels.tobytes())
        return super().load()

    def load_seek(self, pos: int) -> None:
        """Pillow asks for this where the pixels do not come from the file itself."""


def register() -> None:
    """Makes Pillow read and write `.tfcomp`. May be called any number of times."""
    Image.register_open(FORMAT, TfcompImageFile, _accept)
    Image.register_save(FORMAT, save)
    Image.register_save_all(FORMAT, save_all)
    Image.register_extension(FORMAT, EXTENSION)
    Image.register_mime(FORMAT, MIME_TYPE)
    Image.Image.save = save_whole(Image.Image.save)  # type: ignore[method-assign]


def _accept(prefix: bytes) -> bool:
    return prefix[: len(MAGIC)] == MAGIC


def _tile(size: tuple[int, int]) -> Any:
    extents = (0, 0, *size)
    if hasattr(ImageFile, "_Tile"):  # Pillow 11 and later
        return ImageFile._Tile("raw", extents, 0, "RGB")
    return ("raw", extents, 0, "RGB")


def _limit(opening: bool = False) -> dict[str, int]:
    """max_pixels for the codec, which has its own where Pillow's was left as it is.

    Pillow warns above its limit and refuses above twice that, itself once a file is open.
    """
    limit = Image.MAX_IMAGE_PIXELS
    if limit == _PILLOWS_LIMIT:
        return {}
    return {"max_pixels": _NO_LIMIT if limit is None or opening else 2 * limit}


register()
