"""A training run in a few lines, for manifests and model cards."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from tfcomp.config import Config


def _data_name(source: str) -> str:
    """The source without the paths of the machine that trained: folders by their own names."""
    kind, _, places = source.partition(":")
    if kind != "folder":
        return source
    return "images of " + ", ".join(Path(place.strip()).name for place in places.split(","))


def summarize(config: Config, folder: str | Path) -> dict[str, Any]:
    """Reads a run folder's history.

    Returns:
      JSON-ready dict: recipe, seed, steps, where the loss began and ended.
    """
    summary = {
        "data": _data_name(config.data.source),
        "steps": config.training.steps,
        "seed": config.training.seed,
        "batch": f"{config.data.batch_size} crops of {config.data.crop}x{config.data.crop}",
        "optimizer": f"{config.optimizer.name}, learning rate {config.optimizer.learning_rate:g}",
        "precision": config.training.precision,
    }
    ladder = getattr(config.model, "ladder", ())
    if ladder:
        summary["channels"] = list(ladder)
    history = Path(folder) / "history.csv"
    if history.is_file():
        with history.open(newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
        if lines:
            ends = f"{float(lines[0]['loss']):.3f} -> {float(lines[-1]['loss']):.3f}"
            summary["loss, first to last line of history"] = ends
    return summary
