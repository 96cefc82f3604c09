"""The vaegan codec: its three networks, its rate targets, and the terms of its losses."""

from __future__ import annotations

import dataclasses
from typing import Optional, Tuple

from tfcomp.config.checks import require
from tfcomp.entropy_kinds.hyperprior.config import HyperpriorConfig


@dataclasses.dataclass(frozen=True)
class VaeganModelConfig:
    """The networks and the qualities.

    Attributes:
      family: "vaegan".
      widths: features after each level of the encoder, each of which halves both sides; the
        decoder mirrors them.
      kernel_size: side of the strided kernels.
      residual_blocks: residual blocks after each level, one number a level.
      fold: blocks of fold x fold positions of the last level become one latent vector. Where fold
        is the side of that level, a whole picture becomes one vector (dense layers).
      num_channels: channels of the latents.
      ladder: how many of the channels each quality uses, the first ones (needs the hyperprior,
        which learns to pay nothing for the rest); empty for all of them.
      linear_skip: adds a linear transform of blocks beside either network, which starts as
        principal components: training starts as a block transform codec.
      image_size: (width, height) of all pictures, which files then leave out; None for any size.
      target_bpp: the rate that each quality aims at, bits/pixel; one number a quality.
      start_lambda: the weight of the likelihood terms against the rate that each quality starts
        with; training moves it until the rate is on target. One number a quality.
      default_quality: what `compress` uses when nothing is said.
      discriminator_widths: features of the discriminator's levels, each of which halves the sides.
      prior: "factorized" or "hyperprior".
      hyperprior: its shape, where `prior` says so.
    """

    family: str = "vaegan"
    widths: Tuple[int, ...] = (32, 64, 96, 128)
    kernel_size: int = 4
    residual_blocks: Tuple[int, ...] = (0, 0, 0, 1)
    fold: int = 1
    num_channels: int = 64
    ladder: Tuple[int, ...] = ()
    linear_skip: bool = False
    image_size: Optional[Tuple[int, int]] = None
    target_bpp: Tuple[float, ...] = (0.1,)
    start_lambda: Tuple[float, ...] = (1e-3,)
    default_quality: int = 1
    discriminator_widths: Tuple[int, ...] = (24, 48, 64, 96)
    prior: str = "factorized"
    hyperprior: HyperpriorConfig = HyperpriorConfig(
        groups=(64,), checkerboard=1, rows_per_stream=(4,)
    )

    def __post_init__(self) -> None:
        require(self.family == "vaegan", f"this is no '{self.family}' model")
        require(self.prior in ("factorized", "hyperprior"), f"unknown prior '{self.prior}'")
        for name in ("widths", "discriminator_widths"):
            values = getattr(self, name)
            require(len(values) >= 1, f"{name} needs at least one level")
            require(all(width >= 1 for width in values), f"{name} must be positive")
        require(
            len(self.residual_blocks) == len(self.widths),
            "residual_blocks needs one number for each of widths",
        )
        require(all(n >= 0 for n in self.residual_blocks), "residual_blocks can't be negative")
        require(self.kernel_size >= 2, "kernel_size must be 2 or more")
        require(self.fold >= 1, "fold must be 1 or more")
        require(self.num_channels >= 1, "num_channels must be positive")
        require(1 <= self.qualities <= 255, "target_bpp needs from 1 to 255 qualities")
        require(all(bpp > 0 for bpp in self.target_bpp), "target_bpp must be positive")
        require(
            len(self.start_lambda) == self.qualities and all(x > 0 for x in self.start_lambda),
            "start_lambda needs one positive number for each of target_bpp",
        )
        require(1 <= self.default_quality <= self.qualities, "default_quality is out of range")
        self._check_ladder()
        if self.image_size is not None:
            require(len(self.image_size) == 2, "image_size is a width and a height")
            require(min(self.image_size) >= 1, "image_size must be positive")

    def _check_ladder(self) -> None:
        if self.ladder:
            require(self.prior == "hyperprior", "a ladder of channels needs prior: hyperprior")
            require(len(self.ladder) == self.qualities, "ladder needs one number a quality")
            rising = all(a < b for a, b in zip((0, *self.ladder), self.ladder))
            require(rising, "ladder must rise from 1 or more")
            require(self.ladder[-1] == self.num_channels, "the last of ladder is num_channels")
        if self.prior == "hyperprior":
            require(
                sum(self.hyperprior.groups) == self.num_channels,
                "hyperprior groups must add up to num_channels",
            )
            require(
                len(self.hyperprior.rows_per_stream) == self.qualities,
                "hyperprior rows_per_stream needs one number for each quality",
            )

    @property
    def qualities(self) -> int:
        """Number of quality levels."""
        return len(self.target_bpp)

    @property
    def stride(self) -> int:
        """Image pixels per latent element along one side."""
        return 2 ** len(self.widths) * self.fold

    @property
    def channels(self) -> int:
        """Channels of the latents."""
        return self.num_channels

    @property
    def fixed_size(self) -> Optional[Tuple[int, int]]:
        """(width, height) of all images, None where any size goes."""
        return self.image_size

    @property
    def reach(self) -> int:
        """How many latent elements to each side an output of either network can depend on."""
        pixels = 0
        for level, blocks in enumerate(self.residual_blocks):
            pixels += (self.kernel_size // 2 + 1) * 2**level
            pixels += 2 * blocks * 2 ** (level + 1)
        head = 0 if self.fold > 1 else 1
        return -(-pixels // self.stride) + head

    @property
    def decoder_reach(self) -> int:
        """The same of the decoder alone, for which no smaller bound is known."""
        return self.reach

    def with_channels(self, count: int) -> VaeganModelConfig:
        """The same codec with `count` latent channels and the qualities that use no more.

        Raises:
          ConfigError: the ladder has no such step.
        """
        if not self.ladder:
            shape = self.hyperprior
            if self.prior == "hyperprior":
                shape = dataclasses.replace(shape, groups=_cut(shape.groups, count))
            return dataclasses.replace(self, num_channels=count, hyperprior=shape)
        require(count in self.ladder, f"num_channels is one of {self.ladder}, not {count}")
        kept = self.ladder.index(count) + 1
        groups = _cut(self.hyperprior.groups, count)
        return dataclasses.replace(
            self,
            num_channels=count,
            ladder=self.ladder[:kept],
            target_bpp=self.target_bpp[:kept],
            start_lambda=self.start_lambda[:kept],
            default_quality=min(self.default_quality, kept),
            hyperprior=dataclasses.replace(
                self.hyperprior,
                groups=groups,
                checkerboard=min(self.hyperprior.checkerboard, len(groups)),
                rows_per_stream=self.hyperprior.rows_per_stream[:kept],
            ),
        )


def _cut(groups: Tuple[int, ...], count: int) -> Tuple[int, ...]:
    """The first of `groups`, the last one shortened or lengthened, so that they add up to count."""
    kept: list[int] = []
    for size in groups:
        if sum(kept) + size >= count:
            return (*kept, count - sum(kept))
        kept.append(size)
    return (*kept[:-1], kept[-1] + count - sum(kept))


@dataclasses.dataclass(frozen=True)
class VaeganLossConfig:
    """Weights of the terms (tfcomp/families/vaegan/model.py has the formulas and papers).

    Attributes:
      pixel_weight: on the squared error (0..255 scale) in the likelihood term.
      ssim_weight: on 1 - SSIM in it.
      feature_weight: on the distance in the discriminator's features.
      attribute_network: file of a fixed attribute network (lab/attributes.py); None for none.
      attribute_feature_weight: on the distance in its features.
      attribute_weight: on the squared difference of its outputs.
      gamma: weight of the likelihood term against the adversarial one in the decoder's loss.
      adversarial_start: fraction of all steps before which there is no discriminator (1 = never).
      prior_images: how many images of each batch are also decoded from latents drawn from the
        prior, for the discriminator to see (0 = none; factorized prior only).
      equilibrium, margin: a side whose adversarial loss is off `equilibrium` by more than
        `margin`, to its advantage, waits for the other.
      discriminator_rate: the discriminator's learning rate as a fraction of the others'.
      lambda_rate: how fast each quality's lambda follows its rate, in nepers a step.
      quality_weight_power: each image's loss is divided by lambda ** power, so that no quality
        level drowns the others.
    """

    pixel_weight: float = 1.0
    ssim_weight: float = 0.0
    feature_weight: float = 300.0
    attribute_network: Optional[str] = None
    attribute_feature_weight: float = 300.0
    attribute_weight: float = 30.0
    gamma: float = 0.015
    adversarial_start: float = 0.5
    prior_images: int = 0
    equilibrium: float = 0.68
    margin: float = 0.4
    discriminator_rate: float = 0.5
    lambda_rate: float = 0.02
    quality_weight_power: float = 0.35

    def __post_init__(self) -> None:
        for name in (
            "pixel_weight",
            "ssim_weight",
            "feature_weight",
            "attribute_feature_weight",
            "attribute_weight",
            "prior_images",
            "equilibrium",
            "margin",
            "lambda_rate",
        ):
            require(getattr(self, name) >= 0, f"{name} can't be negative")
        require(self.gamma > 0, "gamma must be positive")
        require(self.discriminator_rate > 0, "discriminator_rate must be positive")
        require(0 <= self.adversarial_start <= 1, "adversarial_start must be in [0, 1]")
