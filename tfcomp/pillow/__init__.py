"""Pillow plugin: `Image.open("x.tfcomp")` and `image.save("x.tfcomp", quality=80)`.

Importing this module, or calling `tfcomp.register_pillow()`, registers it.

Opening checks the file and finds its model; decoding waits for the first use of the pixels, as in
Pillow's own plugins. `Image.MAX_IMAGE_PIXELS` holds; raised or None, it also lifts tfcomp's limit
of pixels for each byte of a file.

Saving takes the options quality, 0 to 100 as everywhere in Pillow, or level, the model's own
quality (1 to 8 of most), or target_bpp or max_bytes; effort, feedback and background
(see `Codec.compress`); and model, the name or path of a bundle. Any other option is refused; exif,
icc_profile, xmp, comment and dpi are dropped with a warning. A file is replaced only once its
successor is complete: for this, registering wraps `Image.Image.save` (see saving.py).
"""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, ImageFile, UnidentifiedImageError

from tfcomp import api
from tfcomp.bitstream.container import MAGIC, MAX_PIXELS
from tfcomp.errors import CodecError
from tfcomp.images.picture import rgb_on
from tfcomp.pillow.drafting import draft_of
from tfcomp.pillow.saving import (
    FORMAT,
    TfcompSaveError,
    quality_of,
    save,
    save_all,
    save_whole,
)
from tfcomp.runtime.codec import read_installed
from tfcomp.runtime.compressed_input import MAX_FILE_BYTES

__all__ = ["FORMAT", "TfcompImageFile", "TfcompOpenError", "TfcompSaveError", "register"]

MIME_TYPE = "image/x-tfcomp"
EXTENSION = ".tfcomp"


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
    _scale = 1
    format_description = "tfcomp learned image compression"

    def _open(self) -> None:
        assert self.fp is not None
        if self.fp.read(len(MAGIC)) != MAGIC:
            raise SyntaxError("not a .tfcomp file")  # Pillow's word for: ask the next plugin
        self._compressed = MAGIC + self.fp.read(MAX_FILE_BYTES)
        try:
            picture, installed = read_installed(self._compressed, **_limit())
        except CodecError as error:
            raise TfcompOpenError(str(error)) from error
        container = picture.frames[0].images[0]
        self._size = (picture.frames[0].width, picture.frames[0].height)
        self._mode = "RGB"
        levels = installed.manifest.qualities
        self.info["level"] = container.quality
        self.info["quality"] = quality_of(container.quality, levels)
        self.info["model"] = container.fingerprint.hex()
        self.tile = [_tile(self._size)]

    def draft(self, mode: str | None, size: tuple[int, int] | None) -> Any:
        """Prepares for a picture of a half, a quarter or an eighth of the side, if that is enough.

        It must be called before the pixels are used. `Image.thumbnail` calls it.
        """
        if not self.tile or self._scale != 1:
            return None
        draft = draft_of(self._size, size)
        self._scale, self._size = draft.scale, draft.size
        self.tile = [_tile(self._size)]
        return self.mode, draft.box

    def load(self) -> Any:
        if self.tile:
            drafted = {"scale": self._scale} if self._scale > 1 else {}
            try:
                pixels = rgb_on(api.decompress(self._compressed, **_limit(), **drafted))
            except CodecError as error:
                raise TfcompOpenError(str(error)) from error
            self._compressed = b""
            if self.fp and self._exclusive_fp:
                self.fp.close()
            self.fp = io.BytesIO(pixels.tobytes())
        return super().load()

    def load_seek(self, pos: int) -> None:
        """Does nothing; Pillow calls it, and the pixels do not come from the file itself."""


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


def _limit() -> dict[str, Any]:
    """What `Image.MAX_IMAGE_PIXELS` says beyond tfcomp's own limit; Pillow sees to lower ones."""
    allowed = Image.MAX_IMAGE_PIXELS
    raised = allowed is None or allowed > MAX_PIXELS
    return {"max_pixels": MAX_PIXELS} if raised else {}


def _tile(size: tuple[int, int]) -> Any:
    extents = (0, 0, *size)
    if hasattr(ImageFile, "_Tile"):  # Pillow 11 and later
        return ImageFile._Tile("raw", extents, 0, "RGB")
    return ("raw", extents, 0, "RGB")


register()
