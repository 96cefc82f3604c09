"""A look's decoder as a plain module of stock operations; its encoder is the base's."""

from __future__ import annotations

from tfcomp.families.cycle.deployed import DeployedCycle
from tfcomp.families.look.model import LookModel


class DeployedLook(DeployedCycle):
    """The decoder of a trained `LookModel`.

    Args:
      model: the trained model.
      half: see `DeployedCycle`.
      apart: likewise.
    """

    def __init__(self, model: LookModel, half: bool = False, apart: bool = False) -> None:
        super().__init__(model.shown, half, apart)
        self.encode = DeployedCycle(model.base, half, apart).encode
