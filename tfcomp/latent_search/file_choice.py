"""Chooses a picture's file: the one asked for, the best within a limit, or a corrected one.

    photograph --------------------> the file of its level, or that of iterative encoding
    drawing: far off? -- no -------> the same
                      -- yes ------> the cheapest of rounds and of lower levels
    limit of bytes ----------------> the file of least error that fits, with rounds or without
    target ------------------------> the smallest file that reaches it, with rounds or without
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np

from tfcomp.bitstream.container import MAX_PIXELS
from tfcomp.errors import ImageError
from tfcomp.latent_search.drawn_pictures import is_drawn
from tfcomp.latent_search.iterative_encoding import (
    Candidate,
    Improvement,
    IterativeEncoder,
    Progress,
)
from tfcomp.latent_search.levels import LevelFiles
from tfcomp.latent_search.searchable_codec import SearchableCodec
from tfcomp.latent_search.target import Target

# (pixels, rounds): how many rounds a drawn picture of at most that size gets if it is far off.
_ROUNDS_FOR_DRAWN = ((2**19, 4), (2**21, 2))


class FileChoice:
    """Makes files of one picture and chooses among them.

    Args:
      codec: of the model.
      pixels: samples [H, W, channels].
      rounds: how many were asked for.
      progress: called with rounds done and rounds in all.
    """

    def __init__(
        self, codec: SearchableCodec, pixels: np.ndarray, rounds: int, progress: Progress | None
    ) -> None:
        self.codec, self.pixels, self.rounds = codec, pixels, rounds
        self._progress = progress
        # What is drawn for people has colours.
        self._drawn = codec.bundle.manifest.image.is_rgb8 and is_drawn(pixels)
        self._plain = self._files(lambda level: codec.plain_file(pixels, level))
        self._unasked = self._files(self._without_rounds)
        self._asked = self._files(self._with_rounds)
        self._last: tuple[float, Candidate] | None = None

    def at(self, quality: float) -> bytes:
        """The file for a quality, which rounds never make more expensive."""
        rounds = self.rounds > 0 and any(self.codec.gains(quality))
        if rounds and not self._drawn:
            return self._asked.file(quality)
        plain = self._unasked.file(quality)
        if not rounds:
            return plain
        return self._plain.cheapest_of([plain, self._asked.file(quality)], quality)

    def within(self, max_bytes: int) -> bytes:
        """The file of least error that has no more bytes.

        Raises:
          ImageError: there is none.
        """
        if not (self.rounds or self._drawn):
            return self._plain.best_within(max_bytes)
        # A better file may be larger at its level, and too large where the plain one fits.
        found = []
        better = self._files(self.at) if self._drawn else self._asked
        for files in (better, self._plain):
            with contextlib.suppress(ImageError):
                found.append(files.best_within(max_bytes))
        return self._plain.nearest_of(found) if found else self._plain.best_within(max_bytes)

    def reaching(self, target: Target) -> bytes:
        """The smallest file whose decoded picture reaches a target.

        Raises:
          ImageError: there is none; it says what the best one reaches.
        """
        tried = [self._plain]
        if self.rounds or self._drawn:
            tried.append(self._files(self.at) if self._drawn else self._asked)
        found = [files.smallest_reaching(target) for files in tried]
        reaching = [data for data in found if data is not None]
        if not reaching:
            best = max(files.best_figure for files in tried)
            raise ImageError(
                f"the best that model '{self.codec.bundle.manifest.name}' reaches on this image is "
                f"{target.written(best)}, below the {target.least:g} asked for; ask for less, or "
                "take another model"
            )
        return min(reaching, key=len)

    def improvement(self, data: bytes) -> Improvement:
        """How a file compares with that of the encoder network alone at its quality."""
        picture = self.codec.read_file(data, MAX_PIXELS)
        plain = self._plain.file(picture.frames[0].images[0].level)
        errors = [self._plain.error_of(each) / self.pixels.size for each in (plain, data)]
        return Improvement(len(plain), len(data), *errors)

    def _files(self, make: Callable[[float], bytes]) -> LevelFiles:
        manifest = self.codec.bundle.manifest
        points = manifest.rate_distortion
        return LevelFiles(
            *(self.pixels, manifest.qualities, make, self._decoded, points, self._drawn),
            steps=manifest.quality_steps,
            spec=manifest.image,
        )

    def _without_rounds(self, quality: float) -> bytes:
        """The file for a quality where no rounds were asked for."""
        if self._drawn and self._plain.is_off(quality):
            return self._corrected(quality)
        return self._plain.file(quality)

    def _with_rounds(self, quality: float) -> bytes:
        if not any(self.codec.gains(quality)):
            return self._plain.file(quality)
        return self.after_rounds(quality, self._progress).data

    def after_rounds(self, quality: float, progress: Progress | None = None) -> Candidate:
        """The result of the rounds that were asked for, kept until another quality is tried."""
        if self._last is None or self._last[0] != quality:
            self._last = quality, self._encoder(quality).run(self.rounds, progress)
        return self._last[1]

    def _encoder(self, quality: float) -> IterativeEncoder:
        return IterativeEncoder(self.codec, self.pixels, quality, self._unasked.file)

    def _corrected(self, quality: float) -> bytes:
        """A file for a drawn picture that the encoder network is far off on."""
        codec, found = self.codec, []
        size = self.pixels.shape[0] * self.pixels.shape[1]
        rounds = next((rounds for most, rounds in _ROUNDS_FOR_DRAWN if size <= most), 0)
        if rounds and any(codec.gains(quality)):
            found.append(self._encoder(quality).run(rounds).data)
        return self._plain.as_good_and_small(quality, found)

    def _decoded(self, data: bytes) -> np.ndarray:
        return self.codec.decompress(data, MAX_PIXELS)
