"""Sequences: files of single pictures put together as frames, and the frames of a file."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import overload

from tfcomp.bitstream.picture_file import MAX_DURATION, PictureFile
from tfcomp.errors import ConfigError, ImageError
from tfcomp.images.animation import MOST_FRAMES
from tfcomp.images.picture import Picture
from tfcomp.runtime.options import whole_number


def joined(files: Sequence[PictureFile], durations: Sequence[int], loops: int) -> PictureFile:
    """One sequence; metadata is the first picture's.

    Args:
      files: of one picture each, all of one model.
      durations: of each, in milliseconds.
      loops: how often they are played, 0 for ever.

    Raises:
      ImageError: the pictures have several sizes, or there are none or too many.
      ConfigError: a duration or the number of loops is out of range.
    """
    if not files:
        raise ImageError("a sequence has at least one frame; give some pictures")
    if len(files) > MOST_FRAMES:
        raise ImageError(f"{len(files)} frames are more than a file has; write several files")
    if len(durations) != len(files):
        raise ConfigError(f"{len(durations)} durations were given for {len(files)} frames")
    first = files[0].frames[0]
    # Of a sequence all frames are grey or none is.
    grey = all(file.frames[0].grey for file in files)
    frames = []
    for number, (file, duration) in enumerate(zip(files, durations)):
        (frame,) = file.frames
        if (frame.width, frame.height) != (first.width, first.height):
            raise ImageError(
                f"frame {number + 1} has {frame.width}x{frame.height} pixels and the first one "
                f"{first.width}x{first.height}; give frames of one size"
            )
        frames.append(dataclasses.replace(frame, grey=grey, duration=checked_duration(duration)))
    loops = whole_number("loops", loops, least=0)
    return dataclasses.replace(files[0], frames=tuple(frames), loops=loops)


def checked_duration(duration: int) -> int:
    """A frame's milliseconds.

    Raises:
      ConfigError: it is no whole number from 1.
    """
    duration = whole_number("duration", duration, least=1)
    if duration > MAX_DURATION:
        raise ConfigError(f"a frame is shown for {MAX_DURATION} ms at most, not {duration}")
    return duration


class Frames(Sequence[Picture]):
    """The frames of a file, decoded when they are asked for; a still has one.

    Attributes:
      durations: how long each is shown, in milliseconds; 0 of a still.
      loops: how often they are played, 0 for ever; 1 of a still.
      size: (width, height) in pixels.
    """

    def __init__(self, file: PictureFile, decode: Callable[[PictureFile, int], Picture]) -> None:
        first = file.frames[0]
        self._file, self._decode = file, decode
        self.durations = tuple(frame.duration for frame in file.frames)
        self.loops = 1 if file.loops is None else file.loops
        self.size = first.width, first.height

    def __len__(self) -> int:
        return len(self._file.frames)

    @overload
    def __getitem__(self, number: int) -> Picture: ...
    @overload
    def __getitem__(self, number: slice) -> list[Picture]: ...
    def __getitem__(self, number: int | slice) -> Picture | list[Picture]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        return self._decode(self._file, range(len(self))[number])
