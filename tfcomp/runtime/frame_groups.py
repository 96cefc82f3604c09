"""Groups of pictures: the first frame of each is coded by itself, the others after the one before.

A group bounds what seeking has to decode. It ends early at a cut, and where a frame costs no more
by itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import numpy as np

from tfcomp.bitstream.picture_file import PictureFile
from tfcomp.bitstream.picture_reader import read_file
from tfcomp.errors import ConfigError
from tfcomp.runtime.codec import BundleCodec
from tfcomp.runtime.frame_latents import latent_size
from tfcomp.runtime.manifest import Manifest
from tfcomp.runtime.options import whole_number

USUAL_GROUP = 16  # frames
# From this share of the group's first frame on, a frame is tried by itself, too.
_DEAR = 0.7
# A cut: the mean squared difference from the frame before, as a share of the picture's variance.
_CUT = 0.5

C = TypeVar("C", bound=BundleCodec)


def checked_group(group: int | None, manifest: Manifest) -> int:
    """The frames of a group.

    Raises:
      ConfigError: it is no whole number from 1, or the model has no dependent frames.
    """
    if group is None:
        return USUAL_GROUP if manifest.sequence else 1
    group = whole_number("group", group, least=1)
    if group > 1 and not manifest.sequence:
        raise ConfigError(
            f"model '{manifest.name}' codes every frame by itself; leave group out, or say 1"
        )
    return group


class FrameGroups(Generic[C]):
    """Codes the frames of a sequence one after another.

    Args:
      codec: of the model.
      group: frames of a group at most.
    """

    def __init__(self, codec: C, group: int) -> None:
        self._codec, self._group = codec, group
        self._pixels: np.ndarray | None = None
        self._before: Any = None  # the frame that was coded last, where the group goes on
        self._first = self._coded = 0  # bytes of the group's first frame; frames of the group
        self._level = 0.0

    def add(self, pixels: np.ndarray, compress: Callable[[C], bytes]) -> PictureFile:
        """Codes the next frame.

        Args:
          pixels: [H, W] or [H, W, C], of the model's samples.
          compress: makes the frame's file with the codec that it is given.

        Returns:
          the file of one picture, whose frame says whether it depends on the one before.
        """
        codec, after = self._codec, None
        goes_on = self._before is not None and self._coded < self._group
        if goes_on and not _is_cut(self._pixels, pixels):
            codec = self._codec.after(self._before)
            after = self._read(compress(codec))
            if after.frames[0].images[0].level != self._level:  # steps of another size
                after = None
        self._pixels = pixels
        if after is None or _bytes(after) > _DEAR * self._first:
            alone = self._read(compress(self._codec))
            if after is None or _bytes(alone) <= _bytes(after):
                self._first, self._coded = _bytes(alone), 0
                self._level = alone.frames[0].images[0].level
                return self._noted(alone, self._codec)
        frame = dataclasses.replace(after.frames[0], dependent=True)
        return self._noted(dataclasses.replace(after, frames=(frame,)), codec)

    def _noted(self, file: PictureFile, codec: C) -> PictureFile:
        """The file, after what the next frame may depend on was decoded."""
        self._coded += 1
        if self._coded < self._group:
            (image,) = file.frames[0].images
            rows_columns = latent_size(image.height, image.width, codec.bundle.stride)
            coder: Any = codec.entropy_coder
            self._before = coder.decode_frame(image.sections, image.level, *rows_columns)
        return file

    def _read(self, data: bytes) -> PictureFile:
        return read_file(data, lambda _: self._codec.bundle)


def _is_cut(before: np.ndarray | None, pixels: np.ndarray) -> bool:
    """Whether samples [H, W, C] show another scene than the frame before, or have another size."""
    if before is None or before.shape != pixels.shape:
        return True
    now = pixels[::2, ::2].astype(np.float32)  # a quarter of them tells as much
    change = np.square(now - before[::2, ::2]).mean()
    return bool(change > _CUT * now.var())


def _bytes(file: PictureFile) -> int:
    return sum(map(len, file.frames[0].images[0].sections))
