"""The list of families of codecs, and where their parts are.

A family is a folder of tfcomp/families. Its parts are imported when they are asked for, so that
reading a config needs no TensorFlow.
"""

from __future__ import annotations

import dataclasses
import importlib
from types import ModuleType
from typing import Any, Dict


@dataclasses.dataclass(frozen=True)
class Family:
    """One family.

    Attributes:
      name: in configs and manifests, and of its folder.
      prefix: of its classes: config.py has PrefixModelConfig and PrefixLossConfig, model.py
        PrefixModel, deployed.py DeployedPrefix; and demonstration.py `make`.
    """

    name: str
    prefix: str

    @property
    def model_config(self) -> Any:
        """The class of the section `model`.

        It has at least: family, qualities, default_quality, prior, and the properties stride,
        channels, fixed_size, reach and decoder_reach.
        """
        return getattr(self.part("config"), f"{self.prefix}ModelConfig")

    @property
    def loss_config(self) -> Any:
        """The class of the section `loss`."""
        return getattr(self.part("config"), f"{self.prefix}LossConfig")

    @property
    def model(self) -> Any:
        """The class of its Keras model, a `tfcomp.models.base.CodecModel`."""
        return getattr(self.part("model"), f"{self.prefix}Model")

    @property
    def deployed(self) -> Any:
        """The trained transforms, (model, half) -> a `DeployedTransforms`."""
        return getattr(self.part("deployed"), f"Deployed{self.prefix}")

    def part(self, name: str) -> ModuleType:
        """A module of the family's folder."""
        return importlib.import_module(f"tfcomp.families.{self.name}.{name}")


FAMILIES: Dict[str, Family] = {
    "cycle": Family("cycle", "Cycle"),
    "binary": Family("binary", "Binary"),
    "vaegan": Family("vaegan", "Vaegan"),
    "look": Family("look", "Look"),
}
