"""Puts alpha, metadata and grey around the file that a codec made of a picture's RGB.

The codec and its searches know RGB only and write version 1; here a file of version 2 is made of it
where more is to be said.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from tfcomp.bitstream.picture_file import Alpha, Frame, Lookup, PictureFile
from tfcomp.bitstream.picture_reader import read_file
from tfcomp.bitstream.picture_writer import write_file
from tfcomp.bitstream.varint import encode_varint
from tfcomp.errors import ImageError
from tfcomp.images.alpha_png import decode_alpha, encode_alpha, straight
from tfcomp.images.kept_metadata import upright_metadata
from tfcomp.images.picture import Picture, with_alpha
from tfcomp.runtime.image_input import InputPicture

_BOX_BYTES = 1 + 4  # type and CRC
# By which a picture alone is longer in version 2, beside the length of its box.
_VERSION_2_BYTES = 3


class WholeFile:
    """What one picture's file says beside its RGB.

    Args:
      picture: what was read.
      fixed_size: (width, height) where the bundle fixes the size.
    """

    def __init__(self, picture: InputPicture, fixed_size: tuple[int, int] | None) -> None:
        self._grey, self._metadata, self._fixed_size = picture.grey, picture.metadata, fixed_size
        self._alpha = None if picture.alpha is None else Alpha(encode_alpha(picture.alpha))

    @property
    def _is_plain(self) -> bool:
        """Whether there is nothing to be added to the RGB."""
        return not (self._grey or self._alpha or self._metadata)

    def within(self, max_bytes: int, search: Callable[[int], bytes]) -> bytes:
        """The file of the RGB, such that the whole file has at most max_bytes.

        Args:
          max_bytes: the limit.
          search: takes the bytes that the RGB's file may have, and gives it.

        Raises:
          ImageError: alpha and metadata, or all together, take more.
        """
        if self._is_plain:
            return search(max_bytes)
        contents = [*dataclasses.astuple(self._metadata), self._alpha and b"0" + self._alpha.png]
        others = sum(_box_bytes(len(content)) for content in contents if content)
        room = max_bytes - others - _VERSION_2_BYTES - len(encode_varint(max_bytes))
        what = f"alpha and metadata take {others} of the {max_bytes} bytes allowed"
        if room < 1:
            raise ImageError(
                f"{what}; allow more, drop metadata (metadata=False, --strip), or name a background"
            )
        try:
            return search(room)
        except ImageError as error:
            raise ImageError(f"{error} ({what})") from None

    def add_to(self, data: bytes, lookup: Lookup) -> bytes:
        """The whole file.

        Args:
          data: the file of the RGB.
          lookup: of `read_file`.
        """
        if self._is_plain:
            return data
        coded = read_file(data, lookup)
        frame = dataclasses.replace(coded.frames[0], grey=self._grey, alpha=self._alpha)
        meta = self._metadata
        whole = PictureFile((frame,), None, meta.icc_profile, meta.exif, meta.xmp)
        return write_file(whole, self._fixed_size)


def _box_bytes(length: int) -> int:
    return _BOX_BYTES + len(encode_varint(length)) + length


def alpha_of(frame: Frame) -> np.ndarray | None:
    """uint8 [H, W] of a frame; None where it is opaque.

    Raises:
      BitstreamError: its PNG is damaged.
    """
    if frame.alpha is None:
        return None
    return decode_alpha(frame.alpha.png, (frame.width, frame.height))


def picture_of(
    file: PictureFile, frame: Frame, colours: np.ndarray, alpha: np.ndarray | None
) -> Picture:
    """One frame of a file with all that goes with it.

    Args:
      file: what `read_file` gave.
      frame: of it.
      colours: uint8 [H, W] or [H, W, 3], as they were decoded.
      alpha: of `alpha_of`.
    """
    if frame.alpha is not None and alpha is not None and frame.alpha.premultiplied:
        colours = straight(colours, alpha)
    metadata = upright_metadata(file.icc_profile, file.exif, file.xmp)
    return Picture(with_alpha(colours, alpha), metadata.icc_profile, metadata.exif, metadata.xmp)
