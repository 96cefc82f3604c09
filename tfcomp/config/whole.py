"""A whole run's config: the sections together, from YAML and to it.

The family named in `model` says which classes the sections `model` and `loss` have.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Dict, Tuple, Union

from tfcomp.config.binary import BinaryLossConfig, BinaryModelConfig
from tfcomp.config.cycle import LossConfig, ModelConfig
from tfcomp.config.run import DataConfig, OptimizerConfig, TrainingConfig
from tfcomp.config.vaegan import VaeganLossConfig, VaeganModelConfig
from tfcomp.encoder_tuning import with_tuning_gathered
from tfcomp.errors import ConfigError

# The classes of the sections `model` and `loss`, by family. A model's class has at least: family,
# qualities, default_quality, prior, and the properties stride, channels, fixed_size, reach and
# decoder_reach.
FAMILIES: Dict[str, Tuple[type, type]] = {
    "cycle": (ModelConfig, LossConfig),
    "binary": (BinaryModelConfig, BinaryLossConfig),
    "vaegan": (VaeganModelConfig, VaeganLossConfig),
}


@dataclasses.dataclass(frozen=True)
class Config:
    """One run: model, loss (of the classes that FAMILIES names), optimiser, data, training."""

    model: Any = ModelConfig()
    loss: Any = LossConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    data: DataConfig = DataConfig()
    training: TrainingConfig = TrainingConfig()


def from_dict(values: dict) -> Config:
    """Builds a `Config` from nested plain values.

    Raises:
      ConfigError: for an unknown family or key, a value of the wrong type or out of range.
    """
    import dacite

    values = values or {}
    model_class, loss_class = _family_classes(values.get("model"))
    classes = {
        "model": model_class,
        "loss": loss_class,
        "optimizer": OptimizerConfig,
        "data": DataConfig,
        "training": TrainingConfig,
    }
    unknown = sorted(set(values) - set(classes))
    if unknown:
        raise ConfigError(f"config: unknown section {', '.join(unknown)}: use {', '.join(classes)}")
    settings = dacite.Config(strict=True, cast=[tuple], type_hooks={float: _float})
    sections: Dict[str, Any] = {}
    for name, section_class in classes.items():
        section = values.get(name) or {}
        if section_class is ModelConfig and isinstance(section, dict):
            section = with_tuning_gathered(section)
        try:
            sections[name] = dacite.from_dict(section_class, section, settings)
        except dacite.UnexpectedDataError as error:
            keys = ", ".join(sorted(error.keys))
            raise ConfigError(
                f"config: unknown key {keys} in {name}: see tfcomp/config for the names"
            ) from error
        except (dacite.DaciteError, TypeError) as error:
            raise ConfigError(f"config: {name}: {error}") from error
    return Config(**sections)


def _family_classes(model: Any) -> Tuple[type, type]:
    family = model.get("family", "cycle") if isinstance(model, dict) else "cycle"
    if not isinstance(family, str) or family not in FAMILIES:
        raise ConfigError(f"config: unknown model family '{family}': use {', '.join(FAMILIES)}")
    return FAMILIES[family]


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
    return from_dict(read_yaml(path))


def read_yaml(path: Union[str, Path]) -> Dict[str, Any]:
    """The sections of a YAML file. Raises ConfigError: it is absent, or holds something else."""
    import yaml

    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"config: can't read {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"config: {path} is not YAML: {str(error).splitlines()[0]}") from error
    if values is not None and not isinstance(values, dict):
        raise ConfigError(f"config: {path} must hold sections (model:, loss:, ...)")
    return values or {}


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
