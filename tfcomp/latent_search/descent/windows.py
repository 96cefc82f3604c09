"""Windows of a picture's latents, so that memory does not grow with the picture.

Each window is refined while the latents around it are fixed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tfcomp.entropy_kinds.hyperprior.layout import HYPER_STRIDE

SIDE_PIXELS = 512  # of the part that a window refines; descent takes some kilobytes a pixel


class Window(NamedTuple):
    """Rows and columns of latents: those that are refined, and those that are seen for it."""

    rows: slice
    columns: slice
    seen_rows: slice
    seen_columns: slice

    def seen(self, array: np.ndarray, scale: int = 1) -> np.ndarray:
        """The part that is seen of an array with `scale` elements per latent element."""
        return array[_scaled(self.seen_rows, scale), _scaled(self.seen_columns, scale)]

    def seen_coarse(self, array: np.ndarray) -> np.ndarray:
        """The part that is seen of hyper-latents."""
        return array[_coarse(self.seen_rows), _coarse(self.seen_columns)]

    def free(self) -> np.ndarray:
        """bool [h, w, 1]: which of the latents that are seen are refined."""
        rows = _inside(self.rows, self.seen_rows)
        return np.logical_and.outer(rows, _inside(self.columns, self.seen_columns))[..., None]

    def free_coarse(self) -> np.ndarray:
        """The same for hyper-latents."""
        return self.free()[::HYPER_STRIDE, ::HYPER_STRIDE]


def windows(height: int, width: int, stride: int, reach: int | None) -> Iterator[Window]:
    """Windows that together refine every latent of [height, width] once, in raster order.

    Args:
      height: of the latents.
      width: of the latents.
      stride: pixels per latent element.
      reach: how far a network's output depends on latents, to each side; None if that is not known,
        which gives one window for the whole picture.
    """
    # Two rows and two columns share a hyper-latent: no window may begin between them.
    side = max(HYPER_STRIDE, SIDE_PIXELS // stride // HYPER_STRIDE * HYPER_STRIDE)
    if reach is None:
        side = max(height, width) + 1
        reach = 0
    margin = -(-reach // HYPER_STRIDE) * HYPER_STRIDE
    for rows in _spans(height, side):
        for columns in _spans(width, side):
            yield Window(
                rows,
                columns,
                slice(max(0, rows.start - margin), min(height, rows.stop + margin)),
                slice(max(0, columns.start - margin), min(width, columns.stop + margin)),
            )


def _spans(length: int, side: int) -> Iterator[slice]:
    for start in range(0, length, side):
        yield slice(start, min(start + side, length))


def _inside(part: slice, whole: slice) -> np.ndarray:
    places = np.arange(whole.start, whole.stop)
    return (places >= part.start) & (places < part.stop)


def _scaled(part: slice, scale: int) -> slice:
    return slice(part.start * scale, part.stop * scale)


def _coarse(part: slice) -> slice:
    return slice(part.start // HYPER_STRIDE, -(-part.stop // HYPER_STRIDE))
