"""Writes the latents of one picture as tiles, each with sections of its own.

    latents [h, w, C] --cut--> tiles, row after row --coder--> sections of the first, the second ...
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


class TiledCoder:
    """The writing half of a coder, for tiles that are independent of each other.

    Where a coder gives a picture's sections, this gives those of all tiles in one tuple.

    Args:
      coder: an `EntropyCoder`; a `SearchableCoder` to search for latents.
      side: of a tile, in latents; even, so that passes see the same squares as in the whole.
    """

    def __init__(self, coder: Any, side: int) -> None:
        assert side % 2 == 0, "an odd tile would begin on another square of the checkerboard"
        self._coder, self._side = coder, side

    def encode(self, latents: np.ndarray, quality: float, **choices: Any) -> tuple[bytes, ...]:
        """See `EntropyCoder.encode`."""
        return tuple(
            section
            for place in self._places(latents)
            for section in self._coder.encode(_part(latents, place), quality, **choices)
        )

    def encode_and_decode(
        self, latents: np.ndarray, quality: float, distortion_weight: float | None = None
    ) -> tuple[tuple[bytes, ...], np.ndarray]:
        """See `SearchableCoder.encode_and_decode`."""
        sections: list[bytes] = []
        decoded = np.zeros(latents.shape, np.int16)
        for place in self._places(latents):
            own, values = self._coder.encode_and_decode(
                _part(latents, place), quality, distortion_weight=distortion_weight
            )
            sections += own
            if not np.can_cast(values.dtype, decoded.dtype):
                decoded = decoded.astype(values.dtype)
            decoded[place] = values
        return tuple(sections), decoded

    def rate_gradient(self, latents: np.ndarray, decoded: np.ndarray, quality: float) -> np.ndarray:
        """See `SearchableCoder.rate_gradient`."""
        places = list(self._places(latents))
        parts = [
            self._coder.rate_gradient(_part(latents, place), _part(decoded, place), quality)
            for place in places
        ]
        found = np.empty((*latents.shape[:2], parts[0].shape[-1]), parts[0].dtype)
        for place, part in zip(places, parts):
            found[place] = part
        return found

    def release(self) -> None:
        """Gives back working memory."""
        self._coder.release()

    def _places(self, latents: np.ndarray) -> Iterator[tuple[slice, slice]]:
        height, width, _ = latents.shape
        for top in range(0, height, self._side):
            for left in range(0, width, self._side):
                yield slice(top, top + self._side), slice(left, left + self._side)


def _part(array: np.ndarray, place: tuple[slice, slice]) -> np.ndarray:
    return np.ascontiguousarray(array[place])
