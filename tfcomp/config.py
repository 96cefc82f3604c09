"""The whole description of a training run: frozen dataclasses, read from YAML.

Every number that shapes a model or its training stands here under one name, so that the
`config.yaml` in a run folder is all that is needed to train the same again. Unknown keys are
refused: a typing error must not silently train something else.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Optional, Tuple, Union

from tfcomp.errors import ConfigError


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(f"config: {message}")


@dataclasses.dataclass(frozen=True)
class HyperpriorConfig:
    """The entropy model with side information and context (tfcomp/entropy/hyperprior.py).

    Attributes:
      groups: latent channels of each group in coding order; they add up to the latent's.
      checkerboard: how many of the first groups are coded in two passes.
      rows_per_stream: latent rows that share a range coder stream, one number a quality level.
      hyper_channels: channels of the hyper-latents.
      features: channels that the hyper-synthesis hands to each pass.
      hidden: channels inside each pass's network.
    """

    groups: Tuple[int, ...] = (8, 24, 80, 208)
    checkerboard: int = 2
    rows_per_stream: Tuple[int, ...] = (8, 8, 4, 4, 4, 2, 2, 2)
    hyper_channels: int = 32
    features: int = 64
    hidden: int = 96

    def __post_init__(self) -> None:
        _require(len(self.groups) >= 1, "hyperprior groups needs at least one group")
        _require(all(n >= 1 for n in self.groups), "hyperprior groups must be positive")
        _require(all(n >= 1 for n in self.rows_per_stream), "rows_per_stream must be positive")
        _require(0 <= self.checkerboard <= len(self.groups), "checkerboard is out of range")
        _require(
            min(self.hyper_channels, self.features, self.hidden) >= 1,
            "hyperprior widths must be positive",
        )


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """The transforms and the quality ladder.

    Attributes:
      family: "cycle" (the other families come with their own config classes' values).
      widths: output channels of the strided levels; the last one is the latent's.
      kernel_size: side of the strided kernels.
      residual_blocks: residual blocks after each strided level, one number a level.
      tied: whether the synthesis transform uses the analysis transform's kernels.
      qualities: number of quality levels, 1 (smallest files) ... qualities.
      min_lambda, max_lambda: ends of the geometric ladder of rate-distortion multipliers, in
        bits/pixel per unit of squared error on the 0..255 scale.
      default_quality: what `compress` uses when nothing is said.
      prior: "factorized" (one table a channel and quality) or "hyperprior".
      hyperprior: its shape, where `prior` says so.
    """

    family: str = "cycle"
    widths: Tuple[int, ...] = (32, 64, 128, 320)
    kernel_size: int = 5
    residual_blocks: Tuple[int, ...] = (0, 0, 1, 0)
    tied: bool = True
    qualities: int = 8
    min_lambda: float = 0.0005
    max_lambda: float = 0.08
    default_quality: int = 5
    prior: str = "factorized"
    hyperprior: HyperpriorConfig = HyperpriorConfig()

    def __post_init__(self) -> None:
        _require(self.prior in ("factorized", "hyperprior"), f"unknown prior '{self.prior}'")
        _require(
            self.prior != "hyperprior" or sum(self.hyperprior.groups) == self.widths[-1],
            "hyperprior groups must add up to the last of widths",
        )
        _require(
            self.prior != "hyperprior" or len(self.hyperprior.rows_per_stream) == self.qualities,
            "hyperprior rows_per_stream needs one number for each quality",
        )
        _require(self.family in ("cycle",), f"unknown model family '{self.family}'")
        _require(len(self.widths) >= 1, "widths needs at least one level")
        _require(all(w >= 1 for w in self.widths), "widths must be positive")
        _require(
            len(self.residual_blocks) == len(self.widths),
            "residual_blocks needs one number for each of widths",
        )
        _require(all(n >= 0 for n in self.residual_blocks), "residual_blocks can't be negative")
        _require(self.kernel_size >= 2, "kernel_size must be 2 or more")
        _require(1 <= self.qualities <= 255, "qualities must be from 1 to 255")
        _require(1 <= self.default_quality <= self.qualities, "default_quality is out of range")
        _require(0 < self.min_lambda <= self.max_lambda, "need 0 < min_lambda <= max_lambda")

    @property
    def stride(self) -> int:
        """Image pixels per latent element along one side."""
        return 2 ** len(self.widths)


@dataclasses.dataclass(frozen=True)
class LossConfig:
    """Weights of the loss terms (tfcomp/models/losses.py has their formulas and papers).

    Attributes:
      distortion: "mse" or "ms-ssim".
      ms_ssim_weight: with "ms-ssim", lambda is multiplied by this and 1 - MS-SSIM replaces the
        squared error.
      cycle_weight: w1, on MSE(E(I), E(D(E(I)))).
      cycle_images: how many images of each batch the cycle term is computed on (0 = all); it
        costs a second analysis pass.
      sparsity_weight: w2, on Aytekin's compressibility objective of the latents.
      sparsity_alpha: alpha in that objective.
      quality_weight_power: each image's loss is divided by lambda ** power, so that no quality
        level drowns the others.
    """

    distortion: str = "mse"
    ms_ssim_weight: float = 2000.0
    cycle_weight: float = 0.01
    cycle_images: int = 2
    sparsity_weight: float = 1e-5
    sparsity_alpha: float = 1.0
    quality_weight_power: float = 0.35

    def __post_init__(self) -> None:
        _require(self.distortion in ("mse", "ms-ssim"), f"unknown distortion '{self.distortion}'")
        for name in ("ms_ssim_weight", "cycle_weight", "sparsity_weight", "sparsity_alpha"):
            _require(getattr(self, name) >= 0, f"{name} can't be negative")
        _require(self.cycle_images >= 0, "cycle_images can't be negative")


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
    """How weights move.

    Attributes:
      name: "muon" (orthogonalised momentum for kernels, Adam for the rest) or "adam".
      learning_rate: Adam's learning rate.
      muon_step: the size of Muon's step as a fraction of the kernel's norm.
      warmup_steps: steps over which both grow linearly from 0.
      cuts: (fraction of all steps, factor) pairs: from there on rates are multiplied by factor.
      clip_norm: bound on the global gradient norm.
      average_decay: decay of the exponential moving average of the weights that is exported
        (0 = the last weights).
    """

    name: str = "muon"
    learning_rate: float = 1e-3
    muon_step: float = 0.004
    warmup_steps: int = 100
    cuts: Tuple[Tuple[float, float], ...] = ((0.75, 0.3), (0.9, 0.1))
    clip_norm: float = 1.0
    average_decay: float = 0.0

    def __post_init__(self) -> None:
        _require(self.name in ("muon", "adam"), f"unknown optimizer '{self.name}'")
        _require(self.learning_rate > 0, "learning_rate must be positive")
        _require(self.muon_step > 0, "muon_step must be positive")
        _require(self.warmup_steps >= 0, "warmup_steps can't be negative")
        _require(self.clip_norm > 0, "clip_norm must be positive")
        _require(0 <= self.average_decay < 1, "average_decay must be in [0, 1)")


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
      cache: keep decoded images in memory.
      crops_per_image: crops taken of an image each time it is decoded.
    """

    source: str = "sample"
    data_dir: Optional[str] = None
    split: str = "train"
    crop: int = 128
    batch_size: int = 8
    downscale: Tuple[float, float] = (0.6, 0.95)
    downscale_probability: float = 0.8
    cache: bool = True
    crops_per_image: int = 1

    def __post_init__(self) -> None:
        _require(self.crop >= 1, "crop must be positive")
        _require(self.batch_size >= 1, "batch_size must be positive")
        _require(0 < self.downscale[0] <= self.downscale[1] <= 1, "downscale must be within (0, 1]")
        _require(0 <= self.downscale_probability <= 1, "downscale_probability must be in [0, 1]")
        _require(self.crops_per_image >= 1, "crops_per_image must be positive")


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """How long, how exactly and how often.

    Attributes:
      steps: optimiser steps in all.
      seed: seeds initial weights, data order, crops, qualities and noise.
      precision: "float32" or "mixed_bfloat16" (the entropy model is float32 always).
      strategy: "none", "mirrored" or "multiworker".
      log_every: steps a line in history.csv and a TensorBoard point stand for.
      checkpoint_minutes: time between checkpoints.
      picture_every: steps between TensorBoard pictures (0 = none).
      start_from: a finished run folder whose transforms (and entropy model, where it has the same
        kind and shape) this run starts with; None to start from principal components.
    """

    steps: int = 1000
    seed: int = 1
    precision: str = "float32"
    strategy: str = "none"
    log_every: int = 50
    checkpoint_minutes: float = 3.0
    picture_every: int = 500
    start_from: Optional[str] = None

    def __post_init__(self) -> None:
        _require(self.steps >= 1, "steps must be positive")
        _require(
            self.precision in ("float32", "mixed_bfloat16"),
            f"unknown precision '{self.precision}': use float32 or mixed_bfloat16",
        )
        _require(
            self.strategy in ("none", "mirrored", "multiworker"),
            f"unknown strategy '{self.strategy}': use none, mirrored or multiworker",
        )
        _require(self.log_every >= 1, "log_every must be positive")
        _require(self.checkpoint_minutes > 0, "checkpoint_minutes must be positive")
        _require(self.picture_every >= 0, "picture_every can't be negative")


@dataclasses.dataclass(frozen=True)
class Config:
    """One run: model, loss, optimiser, data, training."""

    model: ModelConfig = ModelConfig()
    loss: LossConfig = LossConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    data: DataConfig = DataConfig()
    training: TrainingConfig = TrainingConfig()


def from_dict(values: dict) -> Config:
    """Builds a `Config` from nested plain values.

    Raises:
      ConfigError: for an unknown key, a value of the wrong type or out of range.
    """
    import dacite

    settings = dacite.Config(strict=True, cast=[tuple], type_hooks={float: _float})
    try:
        return dacite.from_dict(Config, values or {}, settings)
    except dacite.UnexpectedDataError as error:
        keys = ", ".join(sorted(error.keys))
        raise ConfigError(
            f"config: unknown key {keys}: see tfcomp/config.py for the names"
        ) from error
    except dacite.DaciteError as error:
        raise ConfigError(f"config: {error}") from error


def _float(value: Any) -> Any:
    # YAML reads 1e-3 as a string and 1 as an integer; both are meant as numbers here.
    if isinstance(value, bool):
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def load(path: Union[str, Path]) -> Config:
    """Reads a YAML file.

    Raises:
      ConfigError: the file is absent, is not YAML or holds something unknown.
    """
    import yaml

    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"config: can't read {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"config: {path} is not YAML: {str(error).splitlines()[0]}") from error
    if values is not None and not isinstance(values, dict):
        raise ConfigError(f"config: {path} must hold sections (model:, loss:, ...)")
    return from_dict(values or {})


def to_dict(config: Config) -> dict:
    """Plain nested values, ready for YAML or JSON."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(v) for v in value]
        return value

    return plain(dataclasses.asdict(config))


def dump(config: Config) -> str:
    """The config as YAML text, readable by `load`."""
    import yaml

    return yaml.safe_dump(to_dict(config), sort_keys=False)
