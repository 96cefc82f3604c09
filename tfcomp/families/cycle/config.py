"""The cycle codec: its transforms, quality ladder, entropy model and loss."""

from __future__ import annotations

import dataclasses
import math
from typing import Optional, Tuple

from tfcomp.config.checks import require
from tfcomp.encoder_tuning import EncoderTuning
from tfcomp.entropy_kinds.hyperprior.config import HyperpriorConfig
from tfcomp.image_spec import ImageSpec
from tfcomp.quality import QUALITY_STEPS


@dataclasses.dataclass(frozen=True)
class CycleModelConfig:
    """The transforms and the quality ladder.

    Attributes:
      family: "cycle".
      widths: output channels of the strided levels; the last one is the latent's.
      kernel_size: side of the strided kernels.
      kernel_sizes: the same, one number a level; empty for `kernel_size` at all of them.
      strides: of each level, one number a level; empty for 2 at each.
      normalised_levels: how many of the first levels have GDN; all but the last if None.
      residual_blocks: residual blocks after each strided level, one number a level.
      block: "convolution", two 3x3 convolutions, or "depthwise", a depthwise and two 1x1
        convolutions with scales for each quality (tfcomp/models/depthwise_block.py).
      block_kernel_size: side of the depthwise kernels, odd.
      expansion: hidden features of a depthwise block, as a multiple of its channels.
      encoder_blocks: depthwise blocks of the encoder alone, after each level's own; one number a
        level, or empty.
      decoder_blocks: the same of the decoder alone, before the level's own.
      correction_blocks: residual blocks of the encoder's own branch from the last level but one to
        the latents (tfcomp/models/analysis_correction.py); 0 for no such branch.
      diffusion: whether the decoder ends with a step of anisotropic diffusion
        (tfcomp/models/anisotropic_diffusion.py).
      tied: whether the synthesis transform uses the analysis transform's kernels.
      qualities: number of quality levels, 1 (smallest files) ... qualities.
      quality_steps: 1 for whole levels only; 32 for a model that also knows qualities between two
        levels, in 32nds of the way, and is trained on all of them (needs a hyperprior).
      min_lambda, max_lambda: ends of the geometric ladder of rate-distortion multipliers, in
        bits/pixel per unit of squared error on the 0..255 scale, for three channels; the range of
        other samples counts as 255, and each channel as a third.
      default_quality: what `compress` uses when nothing is said.
      tuning: the step sizes of encoders that search for better latents. Its lists may also stand
        beside it, by their old names.
      prior: "factorized" (one table a channel and quality) or "hyperprior".
      hyperprior: its shape, where `prior` says so.
      image: channels, bits and colour of the pictures.
    """

    family: str = "cycle"
    widths: Tuple[int, ...] = (32, 64, 128, 320)
    kernel_size: int = 5
    kernel_sizes: Tuple[int, ...] = ()
    strides: Tuple[int, ...] = ()
    normalised_levels: Optional[int] = None
    residual_blocks: Tuple[int, ...] = (0, 0, 1, 0)
    block: str = "convolution"
    block_kernel_size: int = 3
    expansion: int = 2
    encoder_blocks: Tuple[int, ...] = ()
    decoder_blocks: Tuple[int, ...] = ()
    correction_blocks: int = 0
    diffusion: bool = False
    tied: bool = True
    qualities: int = 8
    quality_steps: int = 1
    min_lambda: float = 0.0005
    max_lambda: float = 0.08
    default_quality: int = 5
    tuning: EncoderTuning = EncoderTuning()
    prior: str = "factorized"
    hyperprior: HyperpriorConfig = HyperpriorConfig()
    image: ImageSpec = ImageSpec()

    def __post_init__(self) -> None:
        require(self.prior in ("factorized", "hyperprior"), f"unknown prior '{self.prior}'")
        require(
            self.prior != "hyperprior" or sum(self.hyperprior.groups) == self.widths[-1],
            "hyperprior groups must add up to the last of widths",
        )
        require(
            self.prior != "hyperprior" or len(self.hyperprior.rows_per_stream) == self.qualities,
            "hyperprior rows_per_stream needs one number for each quality",
        )
        fault = self.tuning.fault(self.qualities, self.prior == "hyperprior")
        require(fault is None, f"tuning: {fault}")
        require(self.family == "cycle", f"this is no '{self.family}' model")
        require(len(self.widths) >= 1, "widths needs at least one level")
        require(all(w >= 1 for w in self.widths), "widths must be positive")
        require(
            len(self.residual_blocks) == len(self.widths),
            "residual_blocks needs one number for each of widths",
        )
        require(all(n >= 0 for n in self.residual_blocks), "residual_blocks can't be negative")
        require(
            self.normalised_levels is None or 0 <= self.normalised_levels < len(self.widths),
            "normalised_levels is fewer than the levels",
        )
        self._check_levels()
        require(self.correction_blocks >= 0, "correction_blocks can't be negative")
        require(
            not self.correction_blocks or len(self.widths) >= 2,
            "correction_blocks need at least two levels of widths",
        )
        require(self.kernel_size >= 2, "kernel_size must be 2 or more")
        require(1 <= self.qualities <= 255, "qualities must be from 1 to 255")
        require(self.quality_steps in (1, QUALITY_STEPS), f"quality_steps is 1 or {QUALITY_STEPS}")
        require(
            self.quality_steps == 1 or self.prior == "hyperprior",
            "quality_steps needs a hyperprior",
        )
        require(1 <= self.default_quality <= self.qualities, "default_quality is out of range")
        require(0 < self.min_lambda <= self.max_lambda, "need 0 < min_lambda <= max_lambda")

    def _check_levels(self) -> None:
        least_of = {"kernel_sizes": 2, "strides": 2, "encoder_blocks": 0, "decoder_blocks": 0}
        for name, least in least_of.items():
            numbers = getattr(self, name)
            require(
                len(numbers) in (0, len(self.widths)) and all(n >= least for n in numbers),
                f"{name} needs one number for each of widths, {least} or more",
            )
        for size, stride in zip(self.level_kernel_sizes, self.level_strides):
            require(size >= stride, "a level's kernel must not be smaller than its stride")
        require(
            self.block in ("convolution", "depthwise"),
            f"unknown block '{self.block}': use convolution or depthwise",
        )
        require(
            self.block_kernel_size >= 1 and self.block_kernel_size % 2 == 1,
            "block_kernel_size must be odd",
        )
        require(self.expansion >= 1, "expansion must be positive")

    @property
    def level_kernel_sizes(self) -> Tuple[int, ...]:
        """Side of each level's strided kernel."""
        return self.kernel_sizes or (self.kernel_size,) * len(self.widths)

    @property
    def level_strides(self) -> Tuple[int, ...]:
        """Stride of each level."""
        return self.strides or (2,) * len(self.widths)

    @property
    def stride(self) -> int:
        """Image pixels per latent element along one side."""
        return math.prod(self.level_strides)

    @property
    def channels(self) -> int:
        """Channels of the latents."""
        return self.widths[-1]

    @property
    def fixed_size(self) -> Optional[Tuple[int, int]]:
        """(width, height) of all images, None where any size goes."""
        return None

    @property
    def reach(self) -> int:
        """How many latent elements to each side an output of either network can depend on.

        The runtime overlaps the tiles of large pictures by this much.
        """
        corrections = 2 * self.correction_blocks * (self.stride // self.level_strides[-1])
        pixels = self._reach_pixels(self.encoder_blocks) + corrections
        encoder = -(-pixels // self.stride)
        return max(encoder, self.decoder_reach)

    @property
    def decoder_reach(self) -> int:
        """The same of the decoder alone, which has no correction blocks."""
        diffusion = 3 if self.diffusion else 0  # three 3x3 windows at full resolution
        return -(-(self._reach_pixels(self.decoder_blocks) + diffusion) // self.stride)

    def _reach_pixels(self, own_blocks: Tuple[int, ...]) -> int:
        """Reach in pixels of one direction of the mirrored levels and its own blocks."""
        pixels, scale = 0, 1
        depthwise = self.block_kernel_size // 2
        in_a_block = 2 if self.block == "convolution" else depthwise
        for level, stride in enumerate(self.level_strides):
            pixels += (self.level_kernel_sizes[level] // 2) * scale  # the strided convolution
            scale *= stride
            pixels += in_a_block * self.residual_blocks[level] * scale
            pixels += depthwise * (own_blocks[level] if own_blocks else 0) * scale
        return pixels


@dataclasses.dataclass(frozen=True)
class CycleLossConfig:
    """Weights of the loss terms (tfcomp/models/losses.py has their formulas and papers).

    Attributes:
      distortion: "mse" or "ms-ssim".
      ms_ssim_weight: with "ms-ssim", lambda is multiplied by this and 1 - MS-SSIM replaces the
        squared error.
      cycle_weight: w1, on MSE(E(I), E(D(E(I)))).
      cycle_images: how many images of each batch the cycle term is computed on (0 = all); it
        costs a second analysis pass.
      feedback_weight: w3, on how far a round of iterative encoding would move the latents
        (docs/effort.md), times the tuning's cycle_gains; it costs a second analysis pass.
      sparsity_weight: w2, on Aytekin's compressibility objective of the latents.
      sparsity_alpha: alpha in that objective.
      quality_weight_power: each image's loss is divided by lambda ** power, so that no quality
        level drowns the others.
    """

    distortion: str = "mse"
    ms_ssim_weight: float = 2000.0
    cycle_weight: float = 0.01
    cycle_images: int = 2
    feedback_weight: float = 0.0
    sparsity_weight: float = 1e-5
    sparsity_alpha: float = 1.0
    quality_weight_power: float = 0.35

    def __post_init__(self) -> None:
        require(self.distortion in ("mse", "ms-ssim"), f"unknown distortion '{self.distortion}'")
        for name in (
            "ms_ssim_weight",
            "cycle_weight",
            "feedback_weight",
            "sparsity_weight",
            "sparsity_alpha",
        ):
            require(getattr(self, name) >= 0, f"{name} can't be negative")
        require(self.cycle_images >= 0, "cycle_images can't be negative")
