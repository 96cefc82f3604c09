"""The latents of frames that depend on the one before: a chain from the first frame of a group on.

    frame   0   1   2   3   4   5          I: by itself, D: depends on the one before
            I - D - D   I - D - D
                        |_______|  decoded for frame 5; the decoder network runs for it alone

The frame that was decoded last is kept, so that playing decodes each frame once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tfcomp.bitstream.picture_file import PictureFile
from tfcomp.runtime.frame_latents import latent_size


class FrameChain:
    """Decodes latents of one file's frames; threads may share it.

    Args:
      coder: of the file's model, which has `after` and `decode_frame`.
      stride: pixels a latent.
    """

    def __init__(self, coder: Any, stride: int) -> None:
        self._coder, self._stride = coder, stride
        self._last: tuple[PictureFile, int, Any] | None = None

    def latents(self, file: PictureFile, number: int) -> np.ndarray:
        """Integers [h, w, channels] of a frame without tiles.

        Args:
          file: the file, checked.
          number: of the frame, from 0.

        Raises:
          BitstreamError: the frame, or one on which it depends, is damaged.
        """
        start = number
        while file.frames[start].dependent:
            start -= 1
        before, last = None, self._last
        if last is not None and last[0] is file and start <= last[1] <= number:
            start, before = last[1] + 1, last[2]
        for each in range(start, number + 1):
            frame = file.frames[each]
            (image,) = frame.images
            coder = self._coder.after(before) if frame.dependent else self._coder
            size = latent_size(image.height, image.width, self._stride)
            before = coder.decode_frame(image.sections, image.level, *size)
        assert before is not None
        self._last = file, number, before
        return before.latents


def is_chained(file: PictureFile, number: int) -> bool:
    """Whether a frame depends on another, or the next one on it."""
    return any(frame.dependent for frame in file.frames[number : number + 2])
