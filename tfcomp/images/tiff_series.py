"""The series of a TIFF as arrays of which parts can be read, by tifffile.

Of a file that is not compressed, bytes are mapped; of another one, only those strips or tiles are
decoded that a part touches. (Without the package zarr a series is decoded as a whole.)
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, Callable, Optional, Tuple

import numpy as np

from tfcomp.errors import CodecError, ImageError, one_line
from tfcomp.image_spec import ImageSpec
from tfcomp.images.array_axes import Axes
from tfcomp.images.given_file import GivenFile

NO_DATA_TAG = 42113  # GDAL's; a text
_PALETTE, _MASK = 3, 4  # of PhotometricInterpretation


@dataclasses.dataclass(frozen=True)
class Series:
    """A series of a TIFF, with what `Axes.part` needs of an array.

    Attributes:
      name: of the file.
      shape, dtype: of the whole series, axes as they are stored.
      axes: which are which.
      no_data: GDAL's value for pixels without data; None if there is none.
      opened: gives the series as an array.
    """

    name: str
    shape: Tuple[int, ...]
    dtype: np.dtype
    axes: Axes
    no_data: Optional[float]
    opened: Callable[[], Any]

    def __getitem__(self, where: Any) -> np.ndarray:
        try:
            return np.asarray(self.opened()[where])
        except CodecError:
            raise
        except Exception as error:  # noqa: BLE001 - decoders raise many types on damaged files
            if "imagecodecs" in str(error):  # compressions that tifffile leaves to it
                raise CodecError(
                    f"{self.name}: {one_line(error)}; run: pip install 'tfcomp[arrays]'"
                ) from None
            raise ImageError(f"{self.name} cannot be read: {one_line(error)}") from None


def open_series(given: GivenFile, spec: ImageSpec, grey: bool = False) -> list[Series]:
    """The series of a TIFF that hold pictures: no previews, which are marked as reduced.

    Args:
      given: the file.
      spec: what the pictures should be.
      grey: whether pictures of one channel do where the spec has more; then only an axis that
        is said to be of channels is one.

    Raises:
      ImageError: it holds other pictures, or a mask.
      ImportError: tifffile is not installed.
    """
    import tifffile

    name = given.name
    with tifffile.TiffFile(given.opened()) as file:
        found = []
        for number, series in enumerate(file.series):
            page = series.keyframe
            if page.subfiletype & 4 or page.photometric == _MASK:
                raise ImageError(
                    f"{name} holds a mask beside its pictures, which no model keeps: give its "
                    "pixels a value of their own, name that as GDAL's no-data value, and leave the "
                    "mask out"
                )
            if page.subfiletype & 1 and number:
                continue
            if page.photometric == _PALETTE:
                raise ImageError(f"{name} has colours by number (a palette): save it as RGB")
            axes = _axes(name, series.axes, series.shape, spec, grey)
            tag = page.tags.get(NO_DATA_TAG)
            no_data = None if tag is None else _number(name, tag.value)
            shape, dtype = tuple(series.shape), np.dtype(series.dtype)
            opened = _opener(given, number)
            found.append(Series(name, shape, dtype, axes, no_data, opened))
        return found


def _axes(name: str, axes: str, shape: tuple[int, ...], spec: ImageSpec, grey: bool) -> Axes:
    """Axes that tifffile names by letters: Y, X, S(amples), C(hannels), ..."""
    if "Y" not in axes or "X" not in axes:
        raise ImageError(f"{name}: its axes are {axes}, without rows (Y) and columns (X)")
    others = [axis for axis in range(len(axes)) if axes[axis] not in "YX"]
    channel = next((axis for axis in others if axes[axis] in "SC"), None)
    if channel is None and spec.channels > 1 and not grey:
        channel = next((axis for axis in others if shape[axis] == spec.channels), None)
    count = 1 if channel is None else shape[channel]
    if count != spec.channels and not (grey and count == 1):
        raise ImageError(
            f"{name}: its pictures have {count} channel{'s' if count > 1 else ''} (axes {axes}, "
            f"shape {list(shape)}), not the {spec.channels} of {spec}"
        )
    stacked = tuple(axis for axis in others if axis != channel)
    return Axes(axes.index("Y"), axes.index("X"), channel, stacked)


def _number(name: str, text: Any) -> float:
    try:
        return float(str(text).strip("\0 "))
    except ValueError:
        raise ImageError(f"{name}: its no-data value is {text!r}, which is no number") from None


def _opener(file: GivenFile, number: int) -> Callable[[], Any]:
    if file.content is None:
        return lambda: _opened(file, file.state, number)
    # Bytes are kept by no cache of ours: only as long as someone reads them.
    return functools.lru_cache(1)(functools.partial(_open, file, number))


@functools.lru_cache(maxsize=16)
def _opened(file: GivenFile, state: Tuple[int, ...], number: int) -> Any:
    """A series as an array; the last ones stay open, as parts are read one after another."""
    del state  # a file that is written anew is opened anew
    return _open(file, number)


def _open(given: GivenFile, number: int) -> Any:
    import tifffile

    file = tifffile.TiffFile(given.opened())
    series = file.series[number]
    if series.dataoffset is not None:
        dtype = np.dtype(series.dtype).newbyteorder(file.byteorder)
        shape, start = tuple(series.shape), series.dataoffset
        file.close()
        if given.content is None:
            return np.memmap(given.name, dtype, "r", offset=start, shape=shape)
        count = int(np.prod(shape, dtype=np.int64))
        return np.frombuffer(given.content, dtype, count, start).reshape(shape)
    try:
        import zarr

        return zarr.open(series.aszarr(level=0), mode="r")
    except ImportError:
        return series.asarray()
