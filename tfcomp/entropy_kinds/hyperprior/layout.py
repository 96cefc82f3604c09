"""What a bundle fixes about a hyperprior's two sections, and the constants of the format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from tfcomp.bitstream.passes import Pass, coding_passes
from tfcomp.bitstream.rate_distortion_quantizer import DISTORTION_WEIGHT
from tfcomp.entropy_kinds.manifest_values import counts, short, whole
from tfcomp.errors import BundleError
from tfcomp.quality import QUALITY_STEPS, nearest_level

MEAN_UNITS = 8  # units of a decoded value in one quantisation step
HYPER_STRIDE = 2
HYPER_ROWS_PER_STREAM = 32
CONTEXT_LIMIT = 255  # the networks see decoded values clipped to this
PASS_REACH = 1  # how far, in latents, a pass's network looks to each side
SECTION_NAMES = ("hyper_latents", "latents")
# Tables of the same sections in frames that depend on the one before.
SEQUENCE_TABLES = ("sequence_hyper_latents", "sequence_latents")
# Distortion weights of dependent frames are so many times those of a picture: frames that follow
# repeat their errors.
SEQUENCE_WEIGHT = 4.0
_SEQUENCE_VERSION = 1  # of what the manifest's "sequence" says there is


@dataclass(frozen=True)
class Layout:
    """What a bundle fixes about the two sections.

    Attributes:
      groups: channels of each group of latents.
      checkerboard: how many of the first groups have more than one pass (`coding_passes`).
      hyper_channels: channels of z.
      rows_per_stream: latent rows that share a stream, one number a quality level: small files
        cannot afford many streams.
      distortion_weights: what an encoder quantises with (rate_distortion_quantizer.py), one number
        a quality level, none for the usual one; no decoder needs them.
      quincunx: how many of the first groups have three passes.
      quality_steps: qualities from one level to the next: 1, or 32 where the networks know those
        between.
      sequence: whether there are networks and tables for frames that depend on the one before.
      of_bits: whether latents are bits: tables of 0 and 1, and no search between them.
    """

    groups: tuple[int, ...]
    checkerboard: int
    hyper_channels: int
    rows_per_stream: tuple[int, ...]
    distortion_weights: tuple[float, ...] = field(default=(), compare=False)
    quincunx: int = 0
    quality_steps: int = 1
    sequence: bool = False
    of_bits: bool = False

    @property
    def passes(self) -> tuple[Pass, ...]:
        return coding_passes(self.groups, self.checkerboard, self.quincunx)

    @property
    def channels(self) -> int:
        return sum(self.groups)

    def distortion_weight(self, quality: float) -> float:
        """Bits that a squared error of one quantisation step is worth."""
        if not self.distortion_weights:
            return DISTORTION_WEIGHT
        return self.distortion_weights[nearest_level(quality) - 1]

    def network_quality(self, quality: float) -> np.ndarray:
        """A quality as networks take it, int32 [1]; it counts from 1, or in steps from 0."""
        if self.quality_steps == 1:
            return np.array([quality], np.int32)
        return np.array([round((quality - 1) * self.quality_steps)], np.int32)

    def to_manifest(self) -> dict[str, Any]:
        """The layout as a manifest's "entropy" object has it.

        Distortion weights are not part of it: only encoders need them.
        """
        found: dict[str, Any] = {
            "groups": self.groups,
            "checkerboard": self.checkerboard,
            "hyper_channels": self.hyper_channels,
            "rows_per_stream": self.rows_per_stream,
            "quincunx": self.quincunx,
        }
        # Absent from bundles that lack it, whose fingerprints cover this object.
        if self.quality_steps > 1:
            found["quality_steps"] = self.quality_steps
        if self.sequence:
            found["sequence"] = _SEQUENCE_VERSION
        if self.of_bits:
            found["of_bits"] = True
        return found

    @classmethod
    def from_manifest(
        cls,
        entropy: Mapping[str, Any],
        channels: int,
        qualities: int,
        distortion_weights: tuple[float, ...] = (),
    ) -> Layout:
        """The inverse of `to_manifest`.

        Raises:
          BundleError: it is not sound.
        """
        groups, rows = counts(entropy, "groups"), counts(entropy, "rows_per_stream")
        if sum(groups) != channels or len(rows) != qualities:
            raise BundleError(
                "manifest.json: entropy: groups must add up to channels, and rows_per_stream have "
                "one number for each quality"
            )
        checkerboard = whole(entropy, "checkerboard", 0, len(groups))
        # Bundles of tfcomp 0.1 lack it.
        quincunx = whole(entropy, "quincunx", 0, checkerboard) if "quincunx" in entropy else 0
        hyper_channels = whole(entropy, "hyper_channels", 1, 65536)
        steps = entropy.get("quality_steps", 1)
        if steps not in (1, QUALITY_STEPS):
            raise BundleError(f"manifest.json: entropy: quality_steps is 1 or {QUALITY_STEPS}")
        sequence = entropy.get("sequence", 0)
        if sequence not in (0, _SEQUENCE_VERSION):
            raise BundleError(
                f"manifest.json: entropy: this tfcomp knows sequence {_SEQUENCE_VERSION}, not "
                f"{short(sequence)}; update tfcomp"
            )
        return cls(
            tuple(groups),
            checkerboard,
            hyper_channels,
            tuple(rows),
            distortion_weights,
            quincunx,
            int(steps),
            bool(sequence),
            entropy.get("of_bits") is True,
        )


class Networks(Protocol):
    """The integer networks, on one image; quality counts from 1."""

    def hyper_analysis(self, latents: np.ndarray, quality: float) -> np.ndarray:
        """float32 [h, w, C] -> int32 [ceil(h/2), ceil(w/2), Cz], odd sides padded by their edge."""

    def hyper_synthesis(self, hyper_latents: np.ndarray, quality: float) -> np.ndarray:
        """int32 [zh, zw, Cz] -> float32 [2 zh, 2 zw, F] of integers."""

    def parameters(
        self, number: int, features: np.ndarray, context: np.ndarray, quality: float
    ) -> np.ndarray:
        """Features and context of pass `number` -> means in eighths, then scale indices.

        float32 [h, w, F] and int32 [h, w, seen], within CONTEXT_LIMIT, ->
        int32 [h, w, 2 * channels].
        """

    def sequence_parameters(self, number: int, inputs: np.ndarray, quality: float) -> np.ndarray:
        """What `parameters` gives, in the light of the frame before; see frame_before.py.

        float32 [h, w, seen + Cz + 3 * channels] -> int32 [h, w, 2 * channels].
        """
