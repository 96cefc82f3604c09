"""The files of one picture at each quality level, made when first asked for.

For photographs a higher level gives a larger file and a better picture. For flat and small pictures
it need not, so the search for the best file measures bytes of whole files and errors of decoded
pictures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfcomp.errors import ImageError
from tfcomp.image_spec import RGB8, ImageSpec
from tfcomp.images.difference import squared_error
from tfcomp.latent_search.lagrangian import bits_of_squared_error, usual_squared_error
from tfcomp.latent_search.target import Target

# In pixels: for pictures up to this size all levels are tried where that may help.
SMALL = 2**18
# A photograph's file grows by at least this factor from level to level; a file that is larger than
# the limit by the second one leaves no hope for higher levels.
_GROWS, _FAR_TOO_LARGE = 1.1, 1.25
# Drawn pictures are easy: they should have at most this part of a photograph's error.
_GOOD_ENOUGH = 0.25
_A_TENTH_DECIBEL = 10**0.01


class LevelFiles:
    """Makes, remembers and measures files of one picture.

    Args:
      pixels: samples [H, W, channels].
      count: number of levels.
      make: level -> file.
      decode: file -> the same.
      points: the manifest's "rate_distortion".
      drawn: whether size and error may go up or down from level to level.
      steps: qualities from one level to the next.
      spec: of the pictures.
    """

    def __init__(
        self,
        pixels: np.ndarray,
        count: int,
        make: Callable[[float], bytes],
        decode: Callable[[bytes], np.ndarray],
        points: Sequence[Any],
        drawn: bool,
        steps: int = 1,
        spec: ImageSpec = RGB8,
    ) -> None:
        self._pixels, self._count, self._points = pixels, count, points
        self._make, self._decode = make, decode
        self._small = pixels.shape[0] * pixels.shape[1] <= SMALL
        self._drawn, self._steps, self._spec = drawn, steps, spec
        self._files: dict[float, bytes] = {}
        self._errors: dict[bytes, float] = {}
        self._figures: dict[bytes, float] = {}

    def file(self, level: float) -> bytes:
        """The file of a level, or of a quality between two."""
        if level not in self._files:
            self._files[level] = self._make(level)
        return self._files[level]

    def error_of(self, data: bytes) -> float:
        """The squared error of a file's picture, summed up over pixels and colours."""
        if data not in self._errors:
            self._errors[data] = squared_error(self._pixels, self._decode(data))
        return self._errors[data]

    def is_off(self, level: float) -> bool:
        """Whether the picture is much worse than an easy one should be at this level."""
        usual = usual_squared_error(self._points, level, self._spec)
        return usual is not None and self.error_of(self.file(level)) > (
            _GOOD_ENOUGH * usual * self._pixels.size
        )

    def cheapest_of(self, files: Sequence[bytes], level: float) -> bytes:
        """The file of least cost: bits plus what the error is worth at a level (lagrangian.py).

        The first one where the manifest does not give that.
        """
        weight = bits_of_squared_error(self._points, level, self._spec)
        if weight is None:
            return files[0]
        return min(files, key=lambda data: 8.0 * len(data) + weight * self.error_of(data))

    def nearest_of(self, files: Sequence[bytes]) -> bytes:
        """The file of least error, the smallest of equal ones."""
        return min(files, key=lambda data: (self.error_of(data), len(data)))

    def as_good_and_small(self, level: float, others: Sequence[bytes]) -> bytes:
        """The smallest file that is at most 0.1 dB worse than the cheapest one for a level.

        Args:
          level: from 1.
          others: further candidates, beside the level's own file and, for a small picture, those of
            lower levels.
        """
        lower = range(math.ceil(level) - 1, 0, -1) if self._small else ()
        files = [self.file(level), *others, *map(self.file, lower)]
        best = self.error_of(self.cheapest_of(files, level))
        as_good = [data for data in files if self.error_of(data) <= _A_TENTH_DECIBEL * best]
        return min(as_good, key=len)

    def best_within(self, max_bytes: int) -> bytes:
        """The file of least error among those that fit.

        Raises:
          ImageError: there is none.
        """
        everything = range(1, self._count + 1)
        tried = set(everything)
        if not (self._small or self._drawn):
            tried = self._tried_from_the_likeliest(max_bytes)
        if not any(len(self.file(level)) <= max_bytes for level in tried):
            tried = set(everything)
        fitting = sorted(level for level in tried if len(self.file(level)) <= max_bytes)
        if not fitting:
            smallest = min(len(self.file(level)) for level in tried)
            raise ImageError(
                f"the image takes {smallest} bytes at the least, more than the {max_bytes} "
                "allowed; allow more, or shrink the image"
            )
        if not self._drawn and self._grow(fitting):
            return self._largest_between(fitting[-1], max_bytes)
        return self.nearest_of([self.file(level) for level in fitting])

    def smallest_reaching(self, target: Target) -> bytes | None:
        """The smallest file whose picture reaches a target; None where there is none."""
        levels: list[float] = list(range(1, self._count + 1))
        if self._small or self._drawn:
            reaching = [level for level in levels if self._reaches(level, target)]
        else:
            reaching = self._bisected(levels, target)
        if not reaching:
            return None
        level = min(reaching)
        if level > 1 and not self._drawn:
            steps = range(1, self._steps)
            self._bisected([level - 1 + step / self._steps for step in steps], target)
        tried = [data for data in self._files.values() if data in self._figures]
        return min((d for d in tried if self.figure_of(d, target) >= target.least), key=len)

    @property
    def best_figure(self) -> float:
        """The best figure of the files that were tried for a target."""
        return max(self._figures.values())

    def figure_of(self, data: bytes, target: Target) -> float:
        """What a target measures of a file's picture."""
        if data not in self._figures:
            self._figures[data] = target.figure_of(self._decode(data))
        return self._figures[data]

    def _reaches(self, level: float, target: Target) -> bool:
        return self.figure_of(self.file(level), target) >= target.least

    def _bisected(self, levels: Sequence[float], target: Target) -> list[float]:
        """The lowest of growing levels that reaches a target, in a list; empty without any."""
        falls_short, reaches = -1, len(levels)
        while reaches - falls_short > 1:
            middle = (falls_short + reaches) // 2
            if self._reaches(levels[middle], target):
                reaches = middle
            else:
                falls_short = middle
        return list(levels[reaches : reaches + 1])

    def _largest_between(self, level: int, max_bytes: int) -> bytes:
        """The file of the highest quality that fits, from a level that does to the next."""
        fits, too_large = 0, self._steps if level < self._count else 1
        while too_large - fits > 1:
            middle = (fits + too_large) // 2
            if len(self.file(level + middle / self._steps)) <= max_bytes:
                fits = middle
            else:
                too_large = middle
        return self.file(level + fits / self._steps if fits else level)

    def _tried_from_the_likeliest(self, max_bytes: int) -> set[int]:
        """Levels of which the highest that fits is the best, if files grow with the level."""
        level = self._likeliest(max_bytes)
        tried = {level}
        while len(self.file(level)) > max_bytes and level > 1:
            level -= 1
            tried.add(level)
        above = max(tried)
        while len(self.file(above)) <= _FAR_TOO_LARGE * max_bytes and above < self._count:
            above += 1
            tried.add(above)
        return tried

    def _likeliest(self, max_bytes: int) -> int:
        bpp = 8.0 * max_bytes / (self._pixels.shape[0] * self._pixels.shape[1])
        fitting = [p["quality"] for p in self._points if p.get("bpp", np.inf) <= bpp]
        known = [level for level in fitting if level in range(1, self._count + 1)]
        return max(known, default=1)

    def _grow(self, levels: Sequence[int]) -> bool:
        sizes = [len(self.file(level)) for level in levels]
        return all(b > _GROWS * a for a, b in zip(sizes, sizes[1:]))
