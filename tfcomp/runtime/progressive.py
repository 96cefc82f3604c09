"""Pictures from bytes as they arrive: each time that more is there, a better one.

    chunks --> file so far --passes that are whole--> picture, picture, ... the whole picture

A file is looked at again when the bytes of its next pass must be there, or else when it has grown
by a sixteenth: the work for parsing grows with the file's length, however small the chunks are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from tfcomp.bitstream.container import MAGIC
from tfcomp.bitstream.picture_file import Frame, PictureFile
from tfcomp.errors import BitstreamError
from tfcomp.runtime.codec import BundleCodec
from tfcomp.runtime.compressed_input import MAX_FILE_BYTES
from tfcomp.runtime.frame_latents import latent_size

_GROWTH = 16
_TILES_A_STEP = 8  # of a file with tiles, a picture for each eighth of them

# Bytes of a file -> what they hold, read as far as they go, and the codec of its model.
Opener = Callable[[bytes], "tuple[PictureFile, BundleCodec]"]


class Preview(NamedTuple):
    """A picture of what has arrived.

    Attributes:
      pixels: as `Codec.decompress` gives them.
      done: passes, or steps of tiles, that it is made of.
      of: how many the file has.
      whole: whether all of the file is there and its checksums are right.
    """

    pixels: np.ndarray
    done: int
    of: int
    whole: bool


def previews(chunks: Iterable[bytes], open_file: Opener) -> Iterator[Preview]:
    """Yields a picture whenever a pass is complete, and the last one when the file is.

    Of a sequence it is the first frame.

    Args:
      chunks: the file's bytes, in their order and in parts of any size.
      open_file: reads what there is of a file; raises `BitstreamError` where it is too little.

    Raises:
      BitstreamError: the file is damaged, or ended before there was any picture. A file that breaks
        off later ends with a picture that is not whole.
      CodecError: as `open_file` does.
    """
    data = bytearray()
    shown = _Shown()
    look_at = 1
    for chunk in chunks:
        data += chunk
        if len(data) > MAX_FILE_BYTES:
            raise BitstreamError(f"the file has more than {MAX_FILE_BYTES} bytes; check it")
        if len(data) < look_at:
            continue
        if not bytes(data[: len(MAGIC)]).startswith(MAGIC[: len(data)]):
            raise BitstreamError(
                "this is not a .tfcomp file; give a file that tfcomp compress wrote"
            )
        try:
            picture, codec = open_file(bytes(data))
        except BitstreamError:  # too little, as yet
            look_at = len(data) + len(data) // _GROWTH + 1
            continue
        done, of, missing = _progress(picture.frames[0], codec)
        look_at = len(data) + (missing or len(data) // _GROWTH + 1)
        if shown.is_news(done, picture.whole):
            yield shown.preview(picture, codec, done, of)
    picture, codec = open_file(bytes(data))
    done, of, _ = _progress(picture.frames[0], codec)
    if shown.frame != picture.frames[0] or shown.whole != picture.whole:
        yield shown.preview(picture, codec, done, of)


class _Shown:
    """What the last picture was made of; the same bytes are not decoded again."""

    frame: Frame | None = None
    whole = False

    def __init__(self) -> None:
        self._done = 0
        self._pixels = np.empty(0, np.uint8)

    def is_news(self, done: int, whole: bool) -> bool:
        return done > self._done or (whole and not self.whole)

    def preview(self, picture: PictureFile, codec: BundleCodec, done: int, of: int) -> Preview:
        frame = picture.frames[0]
        if frame != self.frame or picture.whole:
            self._pixels = codec.decode_frame(frame, partial=not picture.whole)
        self.frame, self.whole, self._done = frame, picture.whole, done
        return Preview(self._pixels, done, of, picture.whole)


def _progress(frame: Frame, codec: BundleCodec) -> tuple[int, int, int]:
    """Steps that are there, steps in all, and bytes up to the next one, 0 where unknown."""
    if frame.tile_side:
        tiles = -(-frame.width // frame.tile_side) * -(-frame.height // frame.tile_side)
        return len(frame.images) * _TILES_A_STEP // tiles, _TILES_A_STEP, 0
    image = frame.images[0]
    section = image.sections[-1]
    size = latent_size(image.height, image.width, codec.bundle.stride)
    ends = codec.entropy_coder.pass_ends(section, image.quality, *size)
    if ends is None:
        return 0, 1, 0
    done = int(np.count_nonzero(ends <= len(section)))
    missing = int(ends[done]) - len(section) if done < len(ends) else 0
    return done, len(ends), missing
