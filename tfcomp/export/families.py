"""Which deployed form each family of models has."""

from __future__ import annotations

from typing import Any

from tfcomp.export.deployed import DeployedCodec
from tfcomp.export.deployed_binary import DeployedBinary
from tfcomp.export.deployed_vaegan import DeployedVaegan
from tfcomp.models.base import CodecModel
from tfcomp.models.binary import BinaryModel
from tfcomp.models.cycle import CycleModel
from tfcomp.models.vaegan import VaeganModel

_FORMS = {
    CycleModel: DeployedCodec,
    BinaryModel: DeployedBinary,
    VaeganModel: DeployedVaegan,
}


def deploy(model: CodecModel, half: bool = False) -> Any:
    """The model's transforms as a `tf.Module` of stock operations.

    Args:
      model: a trained codec model.
      half: round the weights to what float16 holds.

    Returns:
      a module with the tf.functions `encode` and `decode`, as `DeployedCodec` describes them.

    Raises:
      TypeError: the model's family has no deployed form.
    """
    if type(model) not in _FORMS:
        raise TypeError(f"no deployed form for {type(model).__name__}")
    return _FORMS[type(model)](model, half)
