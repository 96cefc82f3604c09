"""The deployed form of a model of any family."""

from __future__ import annotations

from typing import Any

from tfcomp.config.families import FAMILIES
from tfcomp.models.base import CodecModel


def deploy(model: CodecModel, half: bool = False, apart: bool = False) -> Any:
    """The model's transforms as a `tf.Module` of stock operations.

    Args:
      model: a trained codec model.
      half: round the weights to what float16 holds.
      apart: see `DeployedLayers`; where the family has no use for it, nothing changes.

    Returns:
      a module with the tf.functions `encode` and `decode`, as `DeployedTransforms` describes them.
    """
    deployed = FAMILIES[model.model_config.family].deployed
    if apart and getattr(deployed, "takes_apart", False):
        return deployed(model, half, apart=True)
    return deployed(model, half)
