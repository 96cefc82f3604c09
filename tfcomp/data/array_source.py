"""Pictures in arrays, of any channels and depth: TIFF, NumPy and picture files, and Zarr arrays.

Large pictures are read in windows, so that a training holds no whole one: each window counts as an
image of its own. Of a file no more is kept than how many pictures of which size it holds.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import logging
from collections.abc import Sequence

import numpy as np

from tfcomp.data.indexed_source import IndexedSource, Place
from tfcomp.errors import CodecError, ConfigError, ImageError
from tfcomp.image_spec import ImageSpec
from tfcomp.images.sample_files import Stack, stacks_of
from tfcomp.images.sample_values import checked_kind, checked_samples

logger = logging.getLogger(__name__)

WINDOW = 1024  # side of what is read at once of a large picture, in pixels
_WINDOW_WITH_HOLES = 256  # where pixels without data cost a whole window
_OPEN_FILES = 32


@dataclasses.dataclass(frozen=True)
class _Row:
    """A stack of a file, without what holds the file open."""

    file: int
    number: int  # of the stack in the file
    first: int  # pictures of the file before it
    count: int
    height: int
    width: int
    window: int


class ArraySource(IndexedSource):
    """Arrays of samples in files, in the order of their paths.

    Pixels that the file says to have no data (a TIFF by GDAL's tag, a Zarr array by `_FillValue`)
    are no pictures: windows that hold any are left out, and that is said once for each file.

    Args:
      name: what the pictures are called in logs and errors.
      files: paths of files, or of Zarr arrays.
      spec: what all pictures must be.
      window: side of the windows, in pixels.

    Raises:
      ConfigError: there is nothing; or a file holds other pictures: it is named, with what was
        seen, since leaving it out would hide it.
    """

    def __init__(
        self, name: str, files: Sequence[str], spec: ImageSpec, window: int = WINDOW
    ) -> None:
        self.name, self.spec = name, spec
        self.skipped: list[str] = []
        self._files = list(files)
        self._rows: list[_Row] = []
        self._with_holes: set[str] = set()
        first: Stack | None = None
        for number, file in enumerate(self._files):
            before = 0
            for place, stack in enumerate(self._checked_stacks(file)):
                first = first or stack
                _check_like(stack, first, name)
                side = window if stack.no_data is None else min(window, _WINDOW_WITH_HOLES)
                size = stack.shape[:2]
                self._rows.append(_Row(number, place, before, stack.count, *size, side))
                before += stack.count
        windows = [row.count * len(_grid(row)) for row in self._rows]
        self._ends = np.cumsum(windows, dtype=np.int64)
        self.count = int(self._ends[-1]) if windows else 0
        if not self.count:
            raise ConfigError(
                f"{name}: there is no picture in it; give a folder that holds TIFF, PNG or "
                ".npy files, or a .zarr array"
            )
        self._stacks = functools.lru_cache(maxsize=_OPEN_FILES)(
            functools.partial(_stacks_of, spec=spec)
        )

    def narrowed(self, spec: ImageSpec) -> ArraySource:
        """The same pictures with other bits or another range, once it is known what they need."""
        other = copy.copy(self)
        other.spec = spec
        return other

    def place(self, index: int) -> Place:
        row, picture, window = self._find(index)
        rows, columns = len(_spans(row.height, row.window)), len(_spans(row.width, row.window))
        down, across = divmod(window, columns)
        line, lines = (down, rows) if rows >= columns else (across, columns)
        down_span, across_span = _grid(row)[window]
        size = (down_span.stop - down_span.start, across_span.stop - across_span.start)
        return Place(self._files[row.file], row.first + picture, line, lines, size)

    def read(self, index: int) -> np.ndarray | None:
        row, picture, window = self._find(index)
        file = self._files[row.file]
        try:
            stack = self._stacks(file)[row.number]
            samples = np.ascontiguousarray(stack.part(picture, *_grid(row)[window]))
            if stack.no_data is not None and self._has_holes(samples, stack.no_data, file):
                return None
            try:
                checked = checked_samples(samples, self.spec)
            except ImageError as error:
                raise ImageError(f"{error}{_other_pictures(self.spec)}") from None
        except CodecError as error:
            said = str(error) if file in str(error) else f"{file}: {error}"
            raise ConfigError(said) from None
        except Exception as error:  # noqa: BLE001 - readers raise many types on damaged files
            raise ConfigError(f"{file} cannot be read: {' '.join(str(error).split())}") from None
        return np.repeat(checked, self.spec.channels, 2) if checked.shape[2] == 1 else checked

    def _checked_stacks(self, file: str) -> list[Stack]:
        try:
            found = _stacks_of(file, self.spec)
            for stack in found:
                if stack.shape[2] not in (self.spec.channels, 1 if self.spec.is_rgb8 else 0):
                    count = stack.shape[2]
                    raise ImageError(
                        f"{file} has {count} channel{'s' if count > 1 else ''} of {stack.dtype}, "
                        f"where the model's image is {self.spec}: keep pictures of one kind in a "
                        "folder"
                    )
                try:
                    checked_kind(stack.dtype, self.spec)
                except ImageError as error:
                    raise ImageError(f"{error}{_other_pictures(self.spec)}") from None
            return found
        except CodecError as error:
            said = str(error) if file in str(error) else f"{file}: {error}"
            raise ConfigError(f"{self.name}: {said}") from None

    def _find(self, index: int) -> tuple[_Row, int, int]:
        """The stack, the picture in it and the window in that."""
        number = int(np.searchsorted(self._ends, index, side="right"))
        row = self._rows[number]
        start = int(self._ends[number - 1]) if number else 0
        return (row, *divmod(index - start, len(_grid(row))))

    def _has_holes(self, samples: np.ndarray, no_data: float, file: str) -> bool:
        missing = np.isnan(samples) if np.isnan(no_data) else samples == no_data
        if not missing.all(axis=2).any():
            return False
        if file not in self._with_holes:
            self._with_holes.add(file)
            logger.warning(
                "%s names %g as the value of pixels without data: parts of %d pixels that hold "
                "such are left out",
                file,
                no_data,
                _WINDOW_WITH_HOLES,
            )
        return True


def _other_pictures(spec: ImageSpec) -> str:
    if not spec.is_rgb8:
        return ""
    return "; to train on such samples give the recipe an image (docs/channels.md)"


def _stacks_of(file: str, spec: ImageSpec) -> list[Stack]:
    return stacks_of(file, spec, grey=spec.is_rgb8)


def _check_like(stack: Stack, first: Stack, name: str) -> None:
    """Raises where a file holds other samples than the first one: one of them is a mistake."""
    if stack.dtype.newbyteorder("=") != first.dtype.newbyteorder("="):
        raise ConfigError(
            f"{name}: {stack.path} holds {stack.dtype.name}, and {first.path} {first.dtype.name}: "
            "keep pictures of one kind in a folder"
        )


def _grid(row: _Row) -> list[tuple[slice, slice]]:
    return _windows_of(row.height, row.width, row.window)


@functools.lru_cache(maxsize=1024)
def _windows_of(height: int, width: int, window: int) -> list[tuple[slice, slice]]:
    return [
        (rows, columns) for rows in _spans(height, window) for columns in _spans(width, window)
    ]


def _spans(length: int, window: int) -> list[slice]:
    """Equal parts of a side, none longer than a window."""
    count = -(-length // window)
    ends = [length * number // count for number in range(count + 1)]
    return [slice(start, end) for start, end in zip(ends, ends[1:])]
