"""Pillow plugin: `Image.open("x.tfcomp")` and `image.save("x.tfcomp", quality=80)`.

Importing this module, or calling `tfcomp.register_pillow()`, registers it.

Opening checks the file and finds its model; decoding waits for the first use of the pixels, as in
Pillow's own plugins. `Image.MAX_IMAGE_PIXELS` holds; raised or None, it also lifts tfcomp's limit
of pixels for each byte of a file.

Saving takes the options quality, 0 to 100 as everywhere in Pillow, or level, the model's own
quality (1 to 8 of most), or target_bpp, max_bytes, psnr or ms_ssim; effort, feedback, background
and tiles (see `Codec.compress`); model, the name or path of a bundle; and icc_profile, exif and
xmp, which are the image's own if nothing is said, and left out where they are empty. With save_all
and append_images frames are saved as a sequence, with duration and loop as in Pillow's WebP.
lossless is refused where true, comment and dpi are dropped with a warning, any other option is
refused. A file is replaced only once its successor is complete: for this, registering wraps
`Image.Image.save` (see saving.py).
"""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, ImageFile, UnidentifiedImageError

from tfcomp import api
from tfcomp.bitstream.container import MAGIC, MAX_PIXELS
from tfcomp.errors import CodecError
from tfcomp.images.kept_metadata import upright_metadata
from tfcomp.pillow.drafting import draft_of
from tfcomp.pillow.modes import mode_of, raw_bytes, raw_mode
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
from tfcomp.runtime.frame_chain import FrameChain

__all__ = ["FORMAT", "TfcompImageFile", "TfcompOpenError", "TfcompSaveError", "open", "register"]

MIME_TYPE = "image/x-tfcomp"
EXTENSION = ".tfcomp"


class TfcompOpenError(CodecError, UnidentifiedImageError):
    """A `.tfcomp` file that can't be read: caught as a CodecError and as Pillow's OSError alike.

    Its cause is the error of the class that says why.
    """


class TfcompImageFile(ImageFile.ImageFile):
    """A compressed image or sequence, of mode L, LA, RGB or RGBA.

    Of a model of one channel of more bits it is of mode I;16, of float32 of mode F. Other pictures
    than these have no mode in Pillow; `tfcomp.decompress` gives their arrays.

    `info` holds "level", "quality" (0 to 100, which saves at that level again) and "model", a
    fingerprint's digits; "icc_profile", "exif" and "xmp" where the file has them; and of a sequence
    "duration", of the frame in milliseconds, and "loop", how often it is played, 0 for ever.

    Attributes:
      look: which decoder shows it; see `open`.
    """

    format = FORMAT
    format_description = "tfcomp learned image compression"
    _scale = 1
    _frame = 0
    _chain: FrameChain | None = None
    look: str | None = None

    def _open(self) -> None:
        assert self.fp is not None
        if self.fp.read(len(MAGIC)) != MAGIC:
            raise SyntaxError("not a .tfcomp file")  # Pillow's word for: ask the next plugin
        compressed = MAGIC + self.fp.read(MAX_FILE_BYTES)
        try:
            self._picture, self._installed = read_installed(compressed, **_limit())
        except CodecError as error:
            raise TfcompOpenError(str(error)) from error
        file = self._picture
        image = file.frames[0].images[0]
        self.info["level"] = image.level
        self.info["quality"] = quality_of(image.level, self._installed.manifest.qualities)
        self.info["model"] = image.fingerprint.hex()
        kept = upright_metadata(file.icc_profile, file.exif, file.xmp)
        for name, content in vars(kept).items():
            if content:
                self.info[name] = content
        self.n_frames = len(file.frames)
        self.is_animated = file.loops is not None
        if file.loops is not None:
            self.info["loop"] = file.loops
        self._take(0)

    def _take(self, number: int) -> None:
        """Gets ready for a frame; nothing is decoded yet."""
        frame = self._picture.frames[number]
        # All frames have one mode, as in Pillow's own plugins.
        has_alpha = any(each.alpha for each in self._picture.frames)
        try:
            self._mode = mode_of(self._installed.manifest.image, frame.grey, has_alpha)
        except CodecError as error:
            raise TfcompOpenError(str(error)) from error
        self._frame, self._scale = number, 1
        self._size = frame.width, frame.height
        if self.is_animated:
            self.info["duration"] = frame.duration
        self.tile = [_tile(self._size, self._mode)]

    def seek(self, frame: int) -> None:
        """Goes to a frame of a sequence, from 0; EOFError beyond the last."""
        if self._seek_check(frame):
            self._take(frame)

    def tell(self) -> int:
        """The number of the frame, from 0."""
        return self._frame

    def draft(self, mode: str | None, size: tuple[int, int] | None) -> Any:
        """Prepares for a picture of a half, a quarter or an eighth of the side, if that is enough.

        It must be called before the pixels are used. `Image.thumbnail` calls it.
        """
        if not self.tile or self._scale != 1:
            return None
        draft = draft_of(self._size, size)
        self._scale, self._size = draft.scale, draft.size
        self.tile = [_tile(self._size, self._mode)]
        return self.mode, draft.box

    def load(self) -> Any:
        if self.tile:
            try:
                codec = api.shared_codec(self._installed).with_look(self.look)
                if self._chain is None:
                    self._chain = codec.frame_chain()
                options: dict[str, Any] = {"scale": self._scale, "chain": self._chain}
                pixels = codec.decode_picture(self._picture, self._frame, **options).pixels
            except CodecError as error:
                raise TfcompOpenError(str(error)) from error
            if self.fp and self._exclusive_fp and not self.is_animated:
                self.fp.close()
            self.fp = io.BytesIO(raw_bytes(pixels, self._mode))
            self._exclusive_fp = True
        return super().load()

    def load_seek(self, pos: int) -> None:
        """Does nothing; Pillow calls it, and the pixels do not come from the file itself."""


def open(file: Any, look: str | None = None) -> Image.Image:
    """`Image.open` of a `.tfcomp` file, with a look.

    Args:
      file: as `Image.open` takes it.
      look: which decoder shows it: "faithful", the default, or another that its model has.

    Raises:
      TfcompOpenError: the file can't be read, or its model has no such look.
    """
    image = Image.open(file, formats=[FORMAT])
    assert isinstance(image, TfcompImageFile)
    try:
        api.shared_codec(image._installed).with_look(look)
    except CodecError as error:
        raise TfcompOpenError(str(error)) from error
    image.look = look
    return image


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


def _tile(size: tuple[int, int], mode: str) -> Any:
    extents = (0, 0, *size)
    if hasattr(ImageFile, "_Tile"):  # Pillow 11 and later
        return ImageFile._Tile("raw", extents, 0, raw_mode(mode))
    return ("raw", extents, 0, raw_mode(mode))


register()
