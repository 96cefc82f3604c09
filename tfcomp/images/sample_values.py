"""Checks that an array holds the samples that a model's pictures have; converts none."""

from __future__ import annotations

import numpy as np

from tfcomp.errors import ImageError
from tfcomp.image_spec import ImageSpec


def checked_samples(array: np.ndarray, spec: ImageSpec) -> np.ndarray:
    """The array in the spec's dtype, with the very same values.

    Args:
      array: [..., channels], of any byte order. For whole samples integers of any type, within
        the spec's range, but no uint8 where samples have more bits: nobody knows whether such a
        picture is dark or was narrowed. For float samples floats of any width.
      spec: of the model.

    Raises:
      ImageError: it holds others: NaN, infinities, values out of range, another kind of numbers.
    """
    checked_kind(array.dtype, spec)
    if not array.size:
        raise ImageError(f"an array of shape {list(array.shape)} is empty")
    if array.dtype != spec.dtype or spec.high < 2.0 ** (8 * array.dtype.itemsize) - 1:
        _check_range(array, spec)
    return array.astype(spec.dtype, copy=False)


def checked_kind(dtype: np.dtype, spec: ImageSpec) -> None:
    """Raises ImageError for a kind of samples that is not the spec's, before any is read."""
    kind = dtype.kind
    if spec.is_whole:
        if kind not in "iu":
            raise ImageError(
                f"an array of {dtype} is no picture of {spec}; give {spec.dtype} from 0 to "
                f"{spec.high:g}"
            )
        if dtype == np.uint8 and spec.dtype == np.uint16:
            raise ImageError(
                f"an array of uint8 is no picture of {spec}; widen it first, as "
                f"array.astype('uint16') * {(2**spec.bits - 1) // 255} does for 0 to 255, or use "
                "a model of 8 bits"
            )
    elif kind != "f":
        raise ImageError(
            f"an array of {dtype} is no picture of {spec}; give float32, as "
            "array.astype('float32') does"
        )


def _check_range(array: np.ndarray, spec: ImageSpec) -> None:
    if not spec.is_whole and not np.isfinite(array).all():
        found = "NaN" if np.isnan(array).any() else "infinities"
        raise ImageError(
            f"the array holds {found}; put a value from {spec.low:g} to {spec.high:g} there, and "
            "keep a mask of these places beside the file"
        )
    low, high = array.min(), array.max()
    if low < spec.low or high > spec.high:
        raise ImageError(
            f"the array holds values from {low:g} to {high:g}, and the model's pictures have "
            f"{spec.low:g} to {spec.high:g}; scale or clip it first"
        )
