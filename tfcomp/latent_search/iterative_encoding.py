"""Iterative encoding: better latents of one picture, round by round, and never worse ones.

    the encoder's file --------------------------------------------+
    its latents -> quantise, code -> decode -> cost --+-> least cost -> file
         ^                             |              |
         +---- a round (rounds.py)   --+--------------+

The file of least cost is kept. Cost is bits + multiplier * squared error: the bits of the file
itself, the error of the picture that it decodes to (lagrangian.py). The next round goes on from the
last one even if that did not lower the cost, as the second step of a descent often corrects a first
one that went too far. Only after a round that went far astray it starts from the best latents,
with a smaller step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tfcomp.bitstream.range_coder import UncodableValueError
from tfcomp.entropy_kinds.base import MAX_LATENT
from tfcomp.images.difference import squared_error
from tfcomp.latent_search.lagrangian import bits_of_squared_error, multiplier
from tfcomp.latent_search.rounds import Round, after_round, rounds_of
from tfcomp.latent_search.searchable_codec import SearchableCodec
from tfcomp.networks.padding import EdgePadded
from tfcomp.runtime.bundle_networks import AbsurdLatentsError

# A round went astray if its cost is more than this times the least cost.
_ASTRAY = 1.02

Progress = Callable[[int, int], None]  # of rounds or steps done, and of their total


@dataclass(frozen=True)
class Improvement:
    """What iterative encoding did to one file.

    Attributes:
      bytes_before: size of the encoder's own file.
      bytes_after: size of the file that was kept.
      error_before: mean squared error of the former's picture, in squared grey levels.
      error_after: of the latter's picture.
    """

    bytes_before: int
    bytes_after: int
    error_before: float
    error_after: float

    @property
    def decibels(self) -> float:
        """The gain in PSNR; infinite where no error is left."""
        if self.error_after == self.error_before:
            return 0.0
        if not self.error_after:
            return math.inf
        return 10.0 * math.log10(self.error_before / self.error_after)


class Candidate(NamedTuple):
    """Latents and the file that they make.

    Attributes:
      latents: float32 [h, w, C] in steps, not rounded.
      decoded: integers [h, w, C], what the file holds, in units of 1 / MEAN_UNITS of a step.
      image: samples [H, W, channels], what it decodes to.
      error: sum of squares over pixels and colours.
      choices: of `Codec.pack_latents`.
    """

    latents: np.ndarray
    decoded: np.ndarray
    data: bytes
    image: np.ndarray
    error: float
    choices: dict[str, Any]


class IterativeEncoder:
    """Rounds of feedback on one picture at one quality.

    Args:
      codec: of a bundle with a hyperprior.
      pixels: samples [H, W, channels].
      quality: from 1.
      file_of: quality -> file of this picture without rounds. Files of neighbouring qualities give
        the multiplier where the manifest does not.
    """

    def __init__(
        self,
        codec: SearchableCodec,
        pixels: np.ndarray,
        quality: float,
        file_of: Callable[[float], bytes],
    ) -> None:
        coder = codec.searchable_coder
        self._codec, self._coder, self._pixels, self._quality = codec, coder, pixels, quality
        self._file_of = file_of
        self._stride = codec.bundle.manifest.stride
        self._large = codec.is_large(*pixels.shape[:2])

    def run(self, count: int, progress: Progress | None = None) -> Candidate:
        """The candidate of least cost after `count` rounds, of which `progress` is told."""
        for number, found in enumerate(self.bests(count)):
            best = found
            if number and progress is not None:
                progress(number, count)
        return best

    def bests(self, count: int) -> Iterator[Candidate]:
        """Yields the candidate of least cost before the first round and after each one.

        Args:
          count: how many rounds; there are none where all gains are 0.
        """
        codec, quality = self._codec, self._quality
        latents = codec.encode_image(EdgePadded(self._pixels, self._stride), quality)
        plain = self._candidate(latents, {})
        worth = self._multiplier(plain)

        def cost(candidate: Candidate) -> float:
            if worth is None:  # least error in no more bytes
                return candidate.error if len(candidate.data) <= len(plain.data) else math.inf
            return 8.0 * len(candidate.data) + worth * candidate.error

        choices = codec.feedback_choices(quality)
        at = best = self._candidate(latents, choices) if choices else plain
        least = cost(best)
        rounds = rounds_of(count, codec.gains(quality), self._cycle_error(latents), self._descent)
        yield best if least < cost(plain) else plain
        for each in rounds:
            found = self._moved(at, each)
            its_cost = math.inf if found is None else cost(found)
            if found is not None and its_cost < least:
                best, least = found, its_cost
            at = best if found is None or its_cost > _ASTRAY * least else found
            yield best if least < cost(plain) else plain

    def _multiplier(self, plain: Candidate) -> float | None:
        """Bits that a squared grey level is worth, by the manifest or else by this picture's files.

        None where neither gives it.
        """
        manifest = self._codec.bundle.manifest
        found = bits_of_squared_error(manifest.rate_distortion, self._quality, manifest.image)
        if found is not None:
            return found
        found = multiplier(
            self._codec,
            self._pixels,
            self._quality,
            lambda q: plain.data if q == self._quality else self._file_of(q),
        )
        return found if found is not None and 0 < found < math.inf else None

    def _candidate(self, latents: np.ndarray, choices: dict[str, Any]) -> Candidate:
        codec = self._codec
        sections, decoded = self._coder.encode_and_decode(latents, self._quality, **choices)
        data = codec.pack_sections(sections, self._quality, *self._pixels.shape[:2])
        if self._large:
            self._coder.release()
        height, width, _ = self._pixels.shape
        image = codec.decode_latents(decoded, self._quality, (height, width))
        if self._large:
            codec.decoder.release()
        error = squared_error(self._pixels, image)
        return Candidate(latents, decoded, data, image, error, choices)

    def _moved(self, at: Candidate, each: Round) -> Candidate | None:
        """The candidate after a round; None where its latents are absurd."""

        def cheaper(found: np.ndarray, decoded: np.ndarray) -> np.ndarray:
            return self._coder.rate_gradient(found, decoded, self._quality)

        try:
            latents = after_round(at.latents, at.decoded, at.image, each, cheaper)
            if not (latents.min() >= -MAX_LATENT and latents.max() <= MAX_LATENT):
                return None
            return self._candidate(latents, self._codec.feedback_choices(self._quality))
        except (AbsurdLatentsError, UncodableValueError):
            return None

    def _cycle_error(self, latents: np.ndarray) -> Callable[..., np.ndarray]:
        def cycle_error(decoded: np.ndarray, image: np.ndarray) -> np.ndarray:
            codec = self._codec
            again = codec.encode_image(EdgePadded(image, self._stride), self._quality)
            return np.subtract(latents, again, out=again)

        return cycle_error

    def _descent(self, decoded: np.ndarray, image: np.ndarray) -> np.ndarray:
        gradient = self._codec.gradient
        assert gradient is not None, "rounds go down the gradient only where there is one"
        found = gradient(self._pixels, image, decoded, self._quality)
        if self._large:
            gradient.release()
        return found
