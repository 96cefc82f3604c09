"""Pillow plugin: `Image.open("x.tfcomp")` and `image.save("x.tfcomp", quality=4)`.

Importing this module, or calling `tfcomp.register_pillow()`, registers it.

Opening checks the file and finds its model, decoding waits for the first use of the pixels, as in
Pillow's own plugins. `Image.MAX_IMAGE_PIXELS` holds; raised or None, it also lifts tfcomp's limit
on what a few bytes may claim. Saving takes the options quality, target_bpp, max_bytes, feedback
(see `Codec.compress`) and model, the name or path of a bundle.
"""

from __future__ import annotations

import io
from typing import IO, Any

from PIL import Image, ImageFile, UnidentifiedImageError

from tfcomp.bitstream.container import MAGIC, MAX_PIXELS
from tfcomp.errors import CodecError
from tfcomp.runtime import codec, registry

FORMAT = "TFCOMP"
MIME_TYPE = "image/x-tfcomp"
EXTENSION = ".tfcomp"
_OPTIONS = ("quality", "target_bpp", "max_bytes", "feedback")


class TfcompOpenError(CodecError, UnidentifiedImageError):
    """A `.tfcomp` file that can't be read: caught as a CodecError and as Pillow's OSError alike.

    Its cause is the error of the class that says why.
    """


class TfcompSaveError(CodecError, OSError):
    """An image that can't be saved as asked; its cause says why."""


class TfcompImageFile(ImageFile.ImageFile):
    """A compressed image, mode RGB. `info` holds "quality" and "model", a fingerprint's digits."""

    format = FORMAT
    format_description = "tfcomp learned image compression"

    def _open(self) -> None:
        assert self.fp is not None
        if self.fp.read(len(MAGIC)) != MAGIC:
            raise SyntaxError("not a .tfcomp file")  # Pillow's word for: ask the next plugin
        self._compressed = MAGIC + self.fp.read()
        try:
            container = codec.parse_installed(self._compressed, **_limit())
        except CodecError as error:
            raise TfcompOpenError(str(error)) from error
        self._size = (container.width, container.height)
        self._mode = "RGB"
        self.info["quality"] = container.quality
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
    Image.register_save(FORMAT, _save)
    Image.register_extension(FORMAT, EXTENSION)
    Image.register_mime(FORMAT, MIME_TYPE)


def _accept(prefix: bytes) -> bool:
    return prefix[: len(MAGIC)] == MAGIC


def _limit() -> dict[str, int]:
    """What `Image.MAX_IMAGE_PIXELS` says beyond tfcomp's own limit; Pillow sees to lower ones."""
    allowed = Image.MAX_IMAGE_PIXELS
    raised = allowed is None or allowed > MAX_PIXELS
    return {"max_pixels": MAX_PIXELS} if raised else {}


def _tile(size: tuple[int, int]) -> Any:
    extents = (0, 0, *size)
    if hasattr(ImageFile, "_Tile"):  # Pillow 11 and later
        return ImageFile._Tile("raw", extents, 0, "RGB")
    return ("raw", extents, 0, "RGB")


def _save(image: Image.Image, file: IO[bytes], filename: Any) -> None:
    given: dict[str, Any] = image.encoderinfo
    options = {name: given[name] for name in _OPTIONS if given.get(name) is not None}
    try:
        model = given.get("model") or registry.default_model()
        data = codec.shared_codec(registry.find_by_name(model)).compress(image, **options)
    except CodecError as error:
        raise TfcompSaveError(str(error)) from error
    file.write(data)


register()
