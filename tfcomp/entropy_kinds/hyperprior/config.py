"""The shape of a hyperprior that is to be trained."""

from __future__ import annotations

import dataclasses
from typing import Tuple

from tfcomp.bitstream.rate_distortion_quantizer import DISTORTION_WEIGHT
from tfcomp.config.checks import require


@dataclasses.dataclass(frozen=True)
class HyperpriorConfig:
    """The entropy model with side information and context (tfcomp/entropy_kinds/hyperprior).

    Attributes:
      groups: latent channels of each group in coding order; they add up to the latent's.
      checkerboard: how many of the first groups are coded in more than one pass
        (tfcomp/bitstream/passes.py).
      quincunx: how many of these are coded in three passes instead of two.
      rows_per_stream: latent rows that share a range coder stream, one number a quality level.
      hyper_channels: channels of the hyper-latents.
      features: channels that the hyper-synthesis hands to each pass.
      hidden: channels inside each pass's network.
      heavy_tails: mixtures of two Gaussians instead of one (prior/scale_ladder.py there).
      skipped_scales: how many of the ladder's narrowest densities count as "zero here", so that
        values which are almost certainly 0 are not coded.
      distortion_weights: bits that a squared error of one quantisation step is worth in
        rate-distortion optimised quantisation (tfcomp/bitstream/rate_distortion_quantizer.py), at
        the first and at the last quality; in geometric steps between.
      pointwise_context: whether passes over all squares see the channels before at their own
        square alone, which their neighbours add next to nothing to: a fifth of the multiply-adds
        less.
      sequence: whether there are networks for frames that depend on the one before
        (prior/sequence.py there); they are trained by a phase of their own, `sequence_only`.
      sequence_hidden: channels inside each of these.
    """

    groups: Tuple[int, ...] = (8, 24, 80, 208)
    checkerboard: int = 2
    rows_per_stream: Tuple[int, ...] = (8, 8, 4, 4, 4, 2, 2, 2)
    hyper_channels: int = 32
    features: int = 64
    hidden: int = 96
    heavy_tails: bool = False
    skipped_scales: int = 0
    distortion_weights: Tuple[float, float] = (DISTORTION_WEIGHT, DISTORTION_WEIGHT)
    quincunx: int = 0
    pointwise_context: bool = False
    sequence: bool = False
    sequence_hidden: int = 48

    def __post_init__(self) -> None:
        require(len(self.groups) >= 1, "hyperprior groups needs at least one group")
        require(all(n >= 1 for n in self.groups), "hyperprior groups must be positive")
        require(all(n >= 1 for n in self.rows_per_stream), "rows_per_stream must be positive")
        require(0 <= self.checkerboard <= len(self.groups), "checkerboard is out of range")
        require(0 <= self.quincunx <= self.checkerboard, "quincunx is out of range")
        require(
            min(self.hyper_channels, self.features, self.hidden, self.sequence_hidden) >= 1,
            "hyperprior widths must be positive",
        )
        require(0 <= self.skipped_scales < 32, "skipped_scales must be from 0 to 31")
        require(
            len(self.distortion_weights) == 2 and min(self.distortion_weights) > 0,
            "hyperprior distortion_weights needs two positive numbers",
        )
