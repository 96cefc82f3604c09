"""The array of pictures in a Zarr store, and what its metadata say of axes and missing data."""

from __future__ import annotations

import base64
import os
import struct
from typing import Any, Optional, Sequence

from tfcomp.errors import CodecError, ImageError
from tfcomp.folder_contents import suffix_of
from tfcomp.image_spec import ImageSpec
from tfcomp.images.array_axes import Axes, named_axes, plain_axes

_METADATA = ("zarr.json", ".zarray", ".zgroup")
_NAMED = 5


def is_zarr(path: str) -> bool:
    """Whether a path is a Zarr array or group: by its ending, or what the folder holds."""
    return suffix_of(path.rstrip("/")) == ".zarr" or any(
        os.path.isfile(os.path.join(path, name)) for name in _METADATA
    )


def open_array(
    path: str, spec: ImageSpec, grey: bool = False
) -> tuple[Any, Axes, Optional[float]]:
    """Opens an array, or the one array of pictures in a group.

    The names of dimensions say the axes where there are some: those of Zarr's format 3, of xarray
    (`_ARRAY_DIMENSIONS`) and of OME-Zarr, of which the largest resolution is taken.

    Args:
      path: of the array or group.
      spec: what its pictures should be.
      grey: see `plain_axes`.

    Returns:
      the array, its axes, and the value of pixels without data (`_FillValue`), or None.

    Raises:
      ImageError: there is no such array, there are several, or it holds other pictures.
      CodecError: the package zarr is needed.
    """
    found, names = find_array(path)
    axes = named_axes(names, found.shape, spec, grey) if names else None
    if axes is None:
        axes = plain_axes(found.shape, spec, grey)
    return found, axes, _no_data(dict(found.attrs))


def find_array(path: str) -> tuple[Any, Sequence[Optional[str]] | None]:
    """Opens an array, or the one array of pictures in a group, whatever its pictures are.

    Returns:
      the array, and the names of its dimensions, or None.

    Raises:
      ImageError: there is no such array, or there are several.
      CodecError: the package zarr is needed.
    """
    try:
        import zarr
    except ImportError:
        raise CodecError(
            f"{path} is a Zarr array, which needs the package zarr; run: pip install "
            "'tfcomp[arrays]'"
        ) from None
    found = zarr.open(path, mode="r")
    names: Sequence[Optional[str]] | None = None
    if not hasattr(found, "shape"):
        found, names = _array_of_group(path, found)
    return found, names or _dimension_names(found)


def _array_of_group(path: str, group: Any) -> tuple[Any, Sequence[str] | None]:
    attributes = dict(group.attrs)
    scales = attributes.get("ome", attributes).get("multiscales")
    if scales:  # OME-Zarr: the first resolution is the largest
        names = [axis["name"] for axis in scales[0].get("axes", [])]
        return group[scales[0]["datasets"][0]["path"]], names or None
    arrays = {key: each for key, each in group.arrays() if len(each.shape) > 1}
    if len(arrays) == 1:
        return next(iter(arrays.values())), None
    inside = sorted(arrays) or sorted(key for key, _ in group.groups())
    listed = ", ".join(f"{path.rstrip('/')}/{key}" for key in inside[:_NAMED])
    raise ImageError(f"{path} is a Zarr group; name one of its arrays: {listed or 'it has none'}")


def _dimension_names(array: Any) -> Sequence[Optional[str]] | None:
    names = getattr(getattr(array, "metadata", None), "dimension_names", None)
    return names or array.attrs.get("_ARRAY_DIMENSIONS")


def _no_data(attributes: dict[str, Any]) -> Optional[float]:
    value = attributes.get("_FillValue", attributes.get("missing_value"))
    if isinstance(value, str):  # xarray writes floats so, in format 3
        try:
            return float(struct.unpack("<d", base64.b64decode(value))[0])
        except (ValueError, struct.error):
            pass
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        raise ImageError(f"its _FillValue is {value!r}, which is no number") from None
