"""Which file a picture gets: the one asked for, the best within a limit, a mended one.

    photograph ---------------------------> the level's own file, or that of iterative encoding
    drawing: far off? -- no --------------> the same
                      -- rounds, and lower levels --> the cheapest
    limit of bytes -----------------------> that of least error that fits, with rounds or without
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tfcomp.bitstream.container import MAX_PIXELS, parse
from tfcomp.errors import ImageError
from tfcomp.runtime.drawn_pictures import is_drawn
from tfcomp.runtime.iterative_encoding import Improvement, IterativeEncoder, Progress
from tfcomp.runtime.levels import LevelFiles

if TYPE_CHECKING:
    from tfcomp.runtime.codec import Codec

# (pixels, rounds): for a drawn picture of up to so many that comes back far from right.
_ROUNDS_FOR_DRAWN = ((2**19, 4), (2**21, 2))


class FileChoice:
    """Makes files of one picture and chooses among them.

    Args:
      codec: the model's.
      pixels: uint8 [H, W, 3].
      feedback: rounds that were asked for.
      progress: called with rounds done and rounds in all.
    """

    def __init__(
        self, codec: Codec, pixels: np.ndarray, feedback: int, progress: Progress | None
    ) -> None:
        self._codec, self._pixels = codec, pixels
        self._feedback, self._progress = feedback, progress
        self._drawn = is_drawn(pixels)
        self._plain = self._files(lambda level: codec.plain_file(pixels, level))

    def at(self, quality: int) -> bytes:
        """The file for a quality; with rounds it never costs more than without."""
        rounds = bool(self._feedback) and any(self._codec.gains(quality))
        if rounds and not self._drawn:
            return self._with_rounds(quality)
        plain = self._plain.file(quality)
        if self._drawn and self._plain.is_off(quality):
            plain = self._mended(quality)
        if not rounds:
            return plain
        return self._plain.cheapest_of([plain, self._with_rounds(quality)], quality)

    def within(self, max_bytes: int) -> bytes:
        """The file of least error of at most so many bytes.

        Raises:
          ImageError: there is none.
        """
        if not (self._feedback or self._drawn):
            return self._plain.best_within(max_bytes)
        # A better file may be larger at its level, and too large where the plain one fits.
        found = []
        better = self.at if self._drawn else self._with_rounds
        for files in (self._files(better), self._plain):
            with contextlib.suppress(ImageError):
                found.append(files.best_within(max_bytes))
        return self._plain.nearest_of(found) if found else self._plain.best_within(max_bytes)

    def improvement(self, data: bytes) -> Improvement:
        """What a file is beside the one that the encoder network alone makes at its quality."""
        plain = self._plain.file(parse(data, lambda _: self._codec.bundle).quality)
        errors = [self._plain.error_of(each) / self._pixels.size for each in (plain, data)]
        return Improvement(len(plain), len(data), *errors)

    def _files(self, make: Callable[[int], bytes]) -> LevelFiles:
        manifest = self._codec.bundle.manifest
        points = manifest.rate_distortion
        return LevelFiles(
            self._pixels, manifest.qualities, make, self._decoded, points, self._drawn
        )

    def _with_rounds(self, quality: int) -> bytes:
        if not any(self._codec.gains(quality)):
            return self._plain.file(quality)
        encoder = IterativeEncoder(self._codec, self._pixels, quality)
        return encoder.run(self._feedback, self._progress).data

    def _mended(self, quality: int) -> bytes:
        """A file for a drawn picture that the encoder network is far off on."""
        codec, found = self._codec, []
        size = self._pixels.shape[0] * self._pixels.shape[1]
        rounds = next((rounds for most, rounds in _ROUNDS_FOR_DRAWN if size <= most), 0)
        if rounds and any(codec.gains(quality)):
            found.append(IterativeEncoder(codec, self._pixels, quality).run(rounds).data)
        return self._plain.as_good_and_small(quality, found)

    def _decoded(self, data: bytes) -> np.ndarray:
        return self._codec.decompress(data, MAX_PIXELS)
