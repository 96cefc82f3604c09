"""The whole description of a training run: frozen dataclasses, read from YAML.

Every number that shapes a model or its training stands here under one name, so that the
`config.yaml` in a run folder is all that is needed to train the same again. Unknown keys are
refused: a typing error must not silently train something else.
"""

from tfcomp.config.cycle import HyperpriorConfig, LossConfig, ModelConfig
from tfcomp.config.recipe import Phase, Recipe
from tfcomp.config.run import DataConfig, OptimizerConfig, TrainingConfig
from tfcomp.config.whole import FAMILIES, Config, dump, from_dict, load, to_dict

__all__ = [
    "FAMILIES",
    "Config",
    "DataConfig",
    "HyperpriorConfig",
    "LossConfig",
    "ModelConfig",
    "OptimizerConfig",
    "Phase",
    "Recipe",
    "TrainingConfig",
    "dump",
    "from_dict",
    "load",
    "to_dict",
]
