"""The whole description of a training run: frozen dataclasses, read from YAML.

Every number that shapes a model or its training has one name here, so that the `config.yaml` of a
run folder is all that is needed to train the same again. Unknown keys are errors: a typing error
must not silently train something else.
"""

from __future__ import annotations

import importlib
from typing import Any

from tfcomp.config.families import FAMILIES, Family
from tfcomp.config.recipe import Phase, Recipe
from tfcomp.config.run import DataConfig, OptimizerConfig, ReleaseConfig, TrainingConfig
from tfcomp.config.whole import Config, dump, from_dict, load, sections, to_dict

__all__ = [
    "FAMILIES",
    "Config",
    "DataConfig",
    "Family",
    "OptimizerConfig",
    "Phase",
    "Recipe",
    "ReleaseConfig",
    "TrainingConfig",
    "dump",
    "from_dict",
    "load",
    "sections",
    "to_dict",
]

# Other names of classes that stand with their family or entropy model, for a release.
_ELSEWHERE = {
    "HyperpriorConfig": ("tfcomp.entropy_kinds.hyperprior.config", "HyperpriorConfig"),
    "LossConfig": ("tfcomp.families.cycle.config", "CycleLossConfig"),
    "ModelConfig": ("tfcomp.families.cycle.config", "CycleModelConfig"),
}


def __getattr__(name: str) -> Any:
    if name not in _ELSEWHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, its_name = _ELSEWHERE[name]
    return getattr(importlib.import_module(module), its_name)
