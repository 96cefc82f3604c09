"""What every family's run has: an optimiser, data, training, and what a release says of it."""

from __future__ import annotations

import dataclasses
import math
from typing import Optional, Tuple

from tfcomp.config.checks import require


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
    """How weights move.

    Attributes:
      name: "muon" (orthogonalised momentum for kernels, Adam for the rest) or "adam".
      learning_rate: Adam's learning rate.
      muon_step: the size of Muon's step as a fraction of the kernel's norm.
      warmup_steps: steps over which both grow linearly from 0.
      cuts: (fraction of all steps, factor) pairs: from that step on the rates have that factor.
      clip_norm: bound on the global gradient norm.
      momentum: of "adam" (its beta_1); Muon's own is fixed.
      average_decay: decay of the exponential moving average of the weights that is exported
        (0 = the last weights).
    """

    name: str = "muon"
    learning_rate: float = 1e-3
    muon_step: float = 0.004
    warmup_steps: int = 100
    cuts: Tuple[Tuple[float, float], ...] = ((0.75, 0.3), (0.9, 0.1))
    clip_norm: float = 1.0
    momentum: float = 0.9
    average_decay: float = 0.0

    def __post_init__(self) -> None:
        require(self.name in ("muon", "adam"), f"unknown optimizer '{self.name}'")
        require(self.learning_rate > 0, "learning_rate must be positive")
        require(self.muon_step > 0, "muon_step must be positive")
        require(self.warmup_steps >= 0, "warmup_steps can't be negative")
        require(self.clip_norm > 0, "clip_norm must be positive")
        require(0 <= self.momentum < 1, "momentum must be in [0, 1)")
        require(0 <= self.average_decay < 1, "average_decay must be in [0, 1)")


@dataclasses.dataclass(frozen=True)
class FramesConfig:
    """How sequences are made of crops (tfcomp/models/made_up_frames.py), for `sequence_only`.

    Attributes:
      count: frames of each; all but the first depend on the one before.
      still: how often the camera stands still; of the rest, one half shakes and one half moves.
      jitter: the largest shift of a camera that shakes, in pixels a frame along each side.
      pan: the largest shift of one that moves, likewise.
      patch: how often a patch of another crop moves over the picture.
      patch_speed: its largest shift, in pixels a frame along each side.
      noise: the largest standard deviation of white's noise, in levels of 0..255.
      noise_probability: how often there is noise.
      brightness: the largest change from frame to frame, as a part of it.
      brightness_probability: how often it changes.
    """

    count: int = 3
    still: float = 0.5
    jitter: float = 0.5
    pan: float = 4.0
    patch: float = 0.5
    patch_speed: float = 6.0
    noise: float = 4.0
    noise_probability: float = 0.8
    brightness: float = 0.01
    brightness_probability: float = 0.25

    def __post_init__(self) -> None:
        require(self.count >= 2, "frames: count must be 2 or more")
        for name in ("still", "patch", "noise_probability", "brightness_probability"):
            require(0 <= getattr(self, name) <= 1, f"frames: {name} must be in [0, 1]")
        for name in ("jitter", "pan", "patch_speed", "noise", "brightness"):
            require(getattr(self, name) >= 0, f"frames: {name} can't be negative")

    @property
    def margin(self) -> int:
        """Pixels that crops are larger than frames, on each side."""
        return math.ceil(max(self.jitter, self.pan) * (self.count - 1)) + 2


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """Where training images come from and how they are cut.

    Attributes:
      source: "tfds:NAME", "folder:PATH[,PATH...]" or "sample".
      data_dir: where TFDS keeps its data sets; None for its own default.
      split: the split to train on.
      crop: side of the square training crops, in pixels.
      batch_size: crops a step.
      downscale: range of the random down-scaling factor before the crop.
      downscale_probability: how often that happens.
      detail_probability: how often the more detailed of two crops is taken.
      grain: largest standard deviation, in levels of 0..255, of the noise added to a crop.
      cache: keep decoded images in memory.
      crops_per_image: crops taken of an image each time it is decoded.
      frames: how sequences are made of crops, where `sequence_only` needs them.
    """

    source: str = "sample"
    data_dir: Optional[str] = None
    split: str = "train"
    crop: int = 128
    batch_size: int = 8
    downscale: Tuple[float, float] = (0.6, 0.95)
    downscale_probability: float = 0.8
    detail_probability: float = 0.0
    grain: float = 0.0
    cache: bool = True
    crops_per_image: int = 1
    frames: FramesConfig = FramesConfig()

    def __post_init__(self) -> None:
        require(self.crop >= 1, "crop must be positive")
        require(self.batch_size >= 1, "batch_size must be positive")
        require(0 < self.downscale[0] <= self.downscale[1] <= 1, "downscale must be within (0, 1]")
        require(0 <= self.downscale_probability <= 1, "downscale_probability must be in [0, 1]")
        require(0 <= self.detail_probability <= 1, "detail_probability must be in [0, 1]")
        require(self.grain >= 0, "grain can't be negative")
        require(self.crops_per_image >= 1, "crops_per_image must be positive")


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """How long, how exactly and how often.

    Attributes:
      steps: optimiser steps in all.
      seed: seeds initial weights, data order, crops, qualities and noise.
      precision: of the transforms: "float32", "mixed_bfloat16", or "auto" for the latter where the
        machine computes in bfloat16. The entropy model is always float32.
      float32_from: the fraction of the run from which the transforms are float32 in any case.
      entropy_backend: "tfc", TensorFlow Compression's entropy bottleneck, "own", tfcomp's, or
        "auto" for the former where it is installed.
      strategy: "none", "mirrored" or "multiworker".
      log_every: steps for each line of history.csv and each TensorBoard point.
      checkpoint_minutes: time between checkpoints.
      picture_every: steps between TensorBoard pictures (0 = none).
      start_from: a finished run folder, or a model that holds its weights, with whose transforms
        (and entropy model, where it has the same kind and shape) this run starts; None to start
        from principal components.
      sequence_only: train only the networks of frames that depend on the one before
        (`hyperprior.sequence`), from `start_from`, on sequences made of crops (`data.frames`). All
        else stays as it is, tables too; the bundle is a new one all the same.
      encoder_only: train only what the encoder alone has (a cycle model's scales, biases, GDN and
        own branch of the analysis direction), from `start_from`. Decoder, entropy model and tables
        stay those of that run, so its files still decode.
    """

    steps: int = 1000
    seed: int = 1
    precision: str = "auto"
    float32_from: float = 0.9
    entropy_backend: str = "auto"
    strategy: str = "none"
    log_every: int = 50
    checkpoint_minutes: float = 3.0
    picture_every: int = 500
    start_from: Optional[str] = None
    encoder_only: bool = False
    sequence_only: bool = False

    def __post_init__(self) -> None:
        require(
            not self.encoder_only or self.start_from is not None,
            "encoder_only needs start_from: the run whose decoder it keeps",
        )
        require(
            not (self.encoder_only and self.sequence_only),
            "encoder_only and sequence_only are two trainings: give each a phase of its own",
        )
        require(self.steps >= 1, "steps must be positive")
        require(
            self.precision in ("auto", "float32", "mixed_bfloat16"),
            f"unknown precision '{self.precision}': use auto, float32 or mixed_bfloat16",
        )
        require(0 <= self.float32_from <= 1, "float32_from must be in [0, 1]")
        require(
            self.entropy_backend in ("auto", "tfc", "own"),
            f"unknown entropy_backend '{self.entropy_backend}': use auto, tfc or own",
        )
        require(
            self.strategy in ("none", "mirrored", "multiworker"),
            f"unknown strategy '{self.strategy}': use none, mirrored or multiworker",
        )
        require(self.log_every >= 1, "log_every must be positive")
        require(self.checkpoint_minutes > 0, "checkpoint_minutes must be positive")
        require(self.picture_every >= 0, "picture_every can't be negative")


@dataclasses.dataclass(frozen=True)
class ReleaseConfig:
    """What a bundle's manifest and model card say that does not follow from the run.

    Attributes:
      terms: of the weights, one line; None for "not stated".
      sources: the training pictures and their terms, one line; None for the name of `data.source`.
      authors: who trained the weights, one line; None to leave them out.
    """

    terms: Optional[str] = None
    sources: Optional[str] = None
    authors: Optional[str] = None
