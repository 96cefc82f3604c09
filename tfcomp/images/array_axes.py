"""Which axes of an array are rows, columns and channels: as its dimensions are named, or plain.

    plain     [H, W, C], [N, H, W, C]; of one channel also [H, W] and [N, H, W]
    named     any order of such dimensions as "y", "x" and "band"; others count pictures
"""

from __future__ import annotations

import dataclasses
from typing import Any, Optional, Sequence, Tuple

import numpy as np

from tfcomp.errors import ImageError
from tfcomp.image_spec import ImageSpec

_ROWS = frozenset(("y", "row", "rows", "height", "h", "lat", "latitude", "northing"))
_COLUMNS = frozenset(("x", "col", "column", "columns", "width", "lon", "longitude", "easting"))
_CHANNELS = frozenset(("c", "s", "channel", "channels", "band", "bands", "samples", "rgb"))


@dataclasses.dataclass(frozen=True)
class Axes:
    """The axes of an array.

    Attributes:
      rows, columns: of a picture.
      channel: None of pictures of one channel that have no such axis.
      others: count pictures, the last one fastest.
    """

    rows: int
    columns: int
    channel: Optional[int]
    others: Tuple[int, ...] = ()

    def count(self, shape: Sequence[int]) -> int:
        """How many pictures an array of this shape holds."""
        return int(np.prod([shape[axis] for axis in self.others], dtype=np.int64))

    def size(self, shape: Sequence[int]) -> tuple[int, int, int]:
        """(H, W, channels) of its pictures."""
        channels = 1 if self.channel is None else shape[self.channel]
        return int(shape[self.rows]), int(shape[self.columns]), int(channels)

    def part(self, array: Any, picture: int, rows: slice, columns: slice) -> np.ndarray:
        """Reads [h, w, channels] of a picture; asks the array for no more than that."""
        where: list[Any] = [slice(None)] * len(array.shape)
        numbers = np.unravel_index(picture, [array.shape[axis] for axis in self.others] or [1])
        for axis, number in zip(self.others, numbers):
            where[axis] = int(number)
        where[self.rows], where[self.columns] = rows, columns
        found = np.asarray(array[tuple(where)])
        left = [axis for axis in range(len(array.shape)) if axis not in self.others]
        wanted = [self.rows, self.columns, *([] if self.channel is None else [self.channel])]
        found = found.transpose([left.index(axis) for axis in wanted])
        return found[:, :, None] if self.channel is None else found


def plain_axes(shape: Sequence[int], spec: ImageSpec, grey: bool = False) -> Axes:
    """The axes of an array whose dimensions have no names.

    Args:
      shape: of the array.
      spec: what the pictures should be: tells channels from pictures.
      grey: whether pictures of one channel do where the spec has more.

    Raises:
      ImageError: it fits no such pictures, or nobody knows which axes are which.
    """
    shape, channels = tuple(shape), spec.channels
    if len(shape) == 2 and (grey or channels == 1):
        return Axes(0, 1, None)
    if len(shape) == 3 and (shape[2] == channels or (grey and shape[2] == 1)):
        return Axes(0, 1, 2)
    if len(shape) == 3 and channels == 1 and shape[0] != 1:
        return Axes(1, 2, None, (0,))
    if len(shape) == 4 and (shape[3] == channels or (grey and shape[3] == 1)):
        return Axes(1, 2, 3, (0,))
    raise ImageError(axes_fault(shape, spec))


def named_axes(
    names: Sequence[Optional[str]], shape: Sequence[int], spec: ImageSpec, grey: bool = False
) -> Axes | None:
    """The axes of an array by the names of its dimensions; None where they name no picture.

    Args:
      names: one for each dimension.
      shape: of the array.
      spec: what the pictures should be.
      grey: see `plain_axes`.

    Raises:
      ImageError: the pictures have another number of channels.
    """
    found = _named(names, shape)
    if found is None:
        return None
    rows, columns, channel = found
    count = shape[channel[0]] if channel else 1
    if count != spec.channels and not (grey and count == 1):
        raise ImageError(
            f"its pictures have {count} channel{'s' if count > 1 else ''} (dimensions "
            f"{', '.join(map(str, names))}; shape {list(shape)}), not the {spec.channels} of {spec}"
        )
    named = {rows, columns, *channel}
    others = tuple(axis for axis in range(len(shape)) if axis not in named)
    return Axes(rows, columns, channel[0] if channel else None, others)


def channels_by_name(names: Sequence[Optional[str]], shape: Sequence[int]) -> int | None:
    """How many channels named dimensions have; None where they name no picture."""
    found = _named(names, shape)
    if found is None:
        return None
    return int(shape[found[2][0]]) if found[2] else 1


def _named(
    names: Sequence[Optional[str]], shape: Sequence[int]
) -> tuple[int, int, list[int]] | None:
    """Rows, columns, and the axis of channels if there is one."""
    lower = [str(name or "").lower() for name in names]
    rows, columns, channel = (
        [axis for axis, name in enumerate(lower) if name in known]
        for known in (_ROWS, _COLUMNS, _CHANNELS)
    )
    if len(lower) != len(shape) or (len(rows), len(columns)) != (1, 1) or len(channel) > 1:
        return None
    return rows[0], columns[0], channel


def axes_fault(shape: Sequence[int], spec: ImageSpec) -> str:
    """What is wrong with an array of this shape."""
    shape, channels = tuple(shape), spec.channels
    said = f"an array of shape {list(shape)} is no picture of {spec}"
    if len(shape) in (3, 4) and shape[-3] == channels and shape[-1] != channels:
        return (
            f"{said}: its channels come first; give [H, W, C], as numpy.moveaxis(array, -3, -1) "
            "does"
        )
    if len(shape) == 2:
        return f"{said}: it has one channel; give [H, W, {channels}]"
    if len(shape) > 2 and channels == 3 and shape[-1] == 4:
        return f"{said}; if its last channel is alpha or a mask, give array[..., :3]"
    if len(shape) == 3 and channels == 3:
        return (
            f"{said}, and nobody knows which of its axes is which; give [H, W, 3], or, if they are "
            "grey pictures, [N, H, W, 1], as array[..., None] is"
        )
    return f"{said}; give [H, W, {channels}]"
