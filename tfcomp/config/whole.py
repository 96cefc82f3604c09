"""A whole run's config: the sections together, from YAML and to it.

The family named in `model` says which classes the sections `model` and `loss` have.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Dict, Union

from tfcomp.config.families import FAMILIES, Family
from tfcomp.config.run import DataConfig, OptimizerConfig, ReleaseConfig, TrainingConfig
from tfcomp.encoder_tuning import with_tuning_gathered
from tfcomp.errors import ConfigError


@dataclasses.dataclass(frozen=True)
class Config:
    """One run: model, loss (of the classes of its family), optimiser, data, training, release."""

    model: Any = dataclasses.field(default_factory=lambda: FAMILIES["cycle"].model_config())
    loss: Any = dataclasses.field(default_factory=lambda: FAMILIES["cycle"].loss_config())
    optimizer: OptimizerConfig = OptimizerConfig()
    data: DataConfig = DataConfig()
    training: TrainingConfig = TrainingConfig()
    release: ReleaseConfig = ReleaseConfig()


def from_dict(values: dict) -> Config:
    """Builds a `Config` from nested plain values.

    Raises:
      ConfigError: for an unknown family or key, a value of the wrong type or out of range.
    """
    import dacite

    values = values or {}
    family = _family(values.get("model"))
    classes = {
        "model": family.model_config,
        "loss": family.loss_config,
        "optimizer": OptimizerConfig,
        "data": DataConfig,
        "training": TrainingConfig,
        "release": ReleaseConfig,
    }
    unknown = sorted(set(values) - set(classes))
    if unknown:
        raise ConfigError(f"config: unknown section {', '.join(unknown)}: use {', '.join(classes)}")
    settings = dacite.Config(strict=True, cast=[tuple], type_hooks={float: _float})
    sections: Dict[str, Any] = {}
    for name, section_class in classes.items():
        section = values.get(name) or {}
        tuned = any(each.name == "tuning" for each in dataclasses.fields(section_class))
        if tuned and isinstance(section, dict):
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


def sections(family: str, model: Any, loss: Any) -> tuple[Any, Any]:
    """The sections `model` and `loss` of a family, each given as such, as a dict or as None.

    Raises:
      ConfigError: as `from_dict`.
    """
    given = (model or {}, loss or {})
    plain = [section if isinstance(section, dict) else {} for section in given]
    read = from_dict({"model": {**plain[0], "family": family}, "loss": plain[1]})
    return tuple(
        made if isinstance(section, dict) else section
        for section, made in zip(given, (read.model, read.loss))
    )


def _family(model: Any) -> Family:
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
