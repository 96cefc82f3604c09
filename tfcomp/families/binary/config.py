"""The binary codec: its transforms, its code of bits, how bits are made, and its loss.

There are two forms. With `prior: bits` the encoder knows no quality: a quality sends the code's
first channels, and probabilities are counted when the training has ended. With `prior: hyperprior`
they are learnt along with the transforms, which know the quality, and the loss is rate + lambda *
distortion, as in `cycle`.
"""

from __future__ import annotations

import dataclasses
from typing import Optional, Tuple

from tfcomp.config.checks import require
from tfcomp.entropy_kinds.hyperprior.config import HyperpriorConfig

BINARIZERS = ("noise", "straight_through", "stochastic")

# The code's own limit in bits/pixel, before entropy coding.
MAX_RAW_BITS_PER_PIXEL = 2.0


@dataclasses.dataclass(frozen=True)
class BinaryModelConfig:
    """The transforms and the code.

    Attributes:
      family: "binary".
      widths: features after each level, each of which halves both sides of the picture.
      kernel_size: side of the strided kernels.
      residual_blocks: residual blocks on the code's grid, in either direction.
      code_channels: bits of the whole code for every stride x stride pixels.
      sent: how many of the code's channels each quality sends, the first ones, rising: quality 1
        makes the smallest files.
      default_quality: what `compress` uses when nothing is said.
      prior: "bits", probabilities chosen by context (tfcomp/entropy_kinds/bits/prior.py), or
        "hyperprior", by networks (tfcomp/entropy_kinds/hyperprior/prior/bit_hyperprior.py).
      groups: channels of each group, in coding order; a group's contexts are the groups before it.
      checkerboard: how many of the first groups are coded in two passes, the second of which sees
        its neighbours.
      rows_per_stream: rows of the code that share a range coder stream.
      context_bits: bits of a context, at most.
      hyperprior: its shape, where `prior` says so; `sent`, `groups`, `checkerboard`,
        `rows_per_stream` and `context_bits` are for "bits" alone.
      min_lambda, max_lambda: as in `CycleModelConfig`, for "hyperprior".
      size: (width, height) of all pictures, whose files then need not say it; None for any.
    """

    family: str = "binary"
    widths: Tuple[int, ...] = (48, 96)
    kernel_size: int = 5
    residual_blocks: int = 2
    code_channels: int = 32
    sent: Tuple[int, ...] = (4, 8, 12, 16, 24, 32)
    default_quality: int = 4
    prior: str = "bits"
    groups: Tuple[int, ...] = (8, 24)
    checkerboard: int = 0
    rows_per_stream: int = 32
    context_bits: int = 6
    hyperprior: HyperpriorConfig = HyperpriorConfig()
    min_lambda: float = 0.0005
    max_lambda: float = 0.02
    size: Optional[Tuple[int, int]] = None

    def __post_init__(self) -> None:
        require(self.family == "binary", f"this is no '{self.family}' model")
        require(self.prior in ("bits", "hyperprior"), f"unknown prior '{self.prior}'")
        require(len(self.widths) >= 1, "widths needs at least one level")
        require(all(width >= 1 for width in self.widths), "widths must be positive")
        require(self.kernel_size >= 2, "kernel_size must be 2 or more")
        require(self.residual_blocks >= 0, "residual_blocks can't be negative")
        require(
            self.size is None or (len(self.size) == 2 and min(self.size) >= 1),
            "size needs a width and a height",
        )
        require(0 < self.min_lambda <= self.max_lambda, "need 0 < min_lambda <= max_lambda")
        if self.prior == "hyperprior":
            self._check_hyperprior()
        else:
            self._check_bits()
        raw = self.code_channels / self.stride**2
        require(
            raw <= MAX_RAW_BITS_PER_PIXEL,
            f"{self.code_channels} bits for {self.stride}x{self.stride} pixels are {raw:g} a "
            f"pixel, more than {MAX_RAW_BITS_PER_PIXEL:g}: lower code_channels or add a level",
        )
        require(1 <= self.default_quality <= self.qualities, "default_quality is out of range")

    def _check_hyperprior(self) -> None:
        require(
            sum(self.hyperprior.groups) == self.code_channels,
            "hyperprior groups must add up to code_channels",
        )
        require(not self.hyperprior.sequence, "a code of bits has no dependent frames")
        require(self.qualities <= 255, "there can be 255 qualities at most")

    def _check_bits(self) -> None:
        require(1 <= len(self.sent) <= 255, "sent needs from 1 to 255 qualities")
        rising = all(a < b for a, b in zip((0, *self.sent), self.sent))
        require(rising, "sent must rise from 1 or more")
        require(self.sent[-1] == self.code_channels, "the last of sent must be code_channels")
        require(
            all(count >= 1 for count in self.groups) and sum(self.groups) == self.code_channels,
            "groups must be positive and add up to code_channels",
        )
        require(0 <= self.checkerboard <= len(self.groups), "checkerboard is out of range")
        require(self.rows_per_stream >= 1, "rows_per_stream must be 1 or more")
        require(1 <= self.context_bits <= 10, "context_bits must be from 1 to 10")

    @property
    def qualities(self) -> int:
        """Number of quality levels."""
        rated = self.prior == "hyperprior"
        return len(self.hyperprior.rows_per_stream if rated else self.sent)

    @property
    def stride(self) -> int:
        """Image pixels per element of the code along one side."""
        return 2 ** len(self.widths)

    @property
    def channels(self) -> int:
        """Channels of the latents, which are the code's bits."""
        return self.code_channels

    @property
    def fixed_size(self) -> Optional[Tuple[int, int]]:
        """(width, height) of all images, None where any size goes."""
        return self.size

    @property
    def reach(self) -> int:
        """How many code elements to each side an output of either network can depend on."""
        pixels = sum((self.kernel_size // 2 + 1) * 2**level for level in range(len(self.widths)))
        on_the_grid = 1 + 2 * self.residual_blocks
        return -(-pixels // self.stride) + on_the_grid

    @property
    def decoder_reach(self) -> int:
        """The same of the decoder alone, for which no smaller bound is known."""
        return self.reach


@dataclasses.dataclass(frozen=True)
class BinaryLossConfig:
    """How bits are made in training, and the loss: mean((x - x')^2) + code_weight mean(code^2).

    Attributes:
      binarizer: "noise" (Gaussian noise before the sigmoid), "straight_through" or "stochastic".
      noise: standard deviations of the noise, one after another over the run.
      noise_ends: the fraction of all steps at which each of `noise` ends, rising; empty for equal
        shares. The last one lasts until the end.
      hard_share: the last fraction of all steps, in which the decoder gets the bits that files
        hold (straight-through, without noise).
      code_weight: weight of mean(code^2), with codes in 0..1: bits of 0 are preferred.
      quality_weight_power: each image's squared error is multiplied by (channels sent / all) **
        power, so that low qualities, whose errors are large, do not dominate.
    """

    binarizer: str = "noise"
    noise: Tuple[float, ...] = (0.1, 0.3, 1.0, 5.0, 15.0)
    noise_ends: Tuple[float, ...] = ()
    hard_share: float = 0.0
    code_weight: float = 0.01
    quality_weight_power: float = 0.0

    def __post_init__(self) -> None:
        require(
            self.binarizer in BINARIZERS,
            f"unknown binarizer '{self.binarizer}': use {', '.join(BINARIZERS)}",
        )
        require(len(self.noise) >= 1, "noise needs at least one level")
        require(all(sigma >= 0 for sigma in self.noise), "noise can't be negative")
        require(len(self.noise_ends) in (0, len(self.noise)), "noise_ends needs one for each noise")
        ends = (0.0, *self.noise_ends)
        require(all(a < b <= 1 for a, b in zip(ends, ends[1:])), "noise_ends must rise within 0..1")
        require(0 <= self.hard_share <= 1, "hard_share must be in [0, 1]")
        require(self.code_weight >= 0, "code_weight can't be negative")

    @property
    def stage_ends(self) -> Tuple[float, ...]:
        """The fraction of all steps at which each noise level ends."""
        count = len(self.noise)
        return self.noise_ends or tuple((n + 1) / count for n in range(count))
