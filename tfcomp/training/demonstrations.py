"""Which demonstration each family's finished run leaves."""

from __future__ import annotations

from pathlib import Path

from tfcomp.config import Config
from tfcomp.models.base import CodecModel
from tfcomp.training import binary_demonstration, demonstration

_MAKERS = {
    "cycle": demonstration.make,
    "binary": binary_demonstration.make,
    "vaegan": demonstration.make,
}


def make(model: CodecModel, config: Config, folder: str | Path) -> dict[str, Path]:
    """Writes what there is to look at; returns dict of label -> path.

    Args:
      model: the trained model.
      config: its config.
      folder: the run folder.
    """
    return _MAKERS[config.model.family](model, config, folder)
