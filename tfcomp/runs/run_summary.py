"""A training run in a few lines, for manifests and model cards."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from tfcomp.config import Config
from tfcomp.config import recipe as recipe_module
from tfcomp.runs import claiming


def data_name(source: str) -> str:
    """The source without the paths of the machine that trained: folders by their own names."""
    kind, _, places = source.partition(":")
    if kind != "folder":
        return source
    return "images of " + ", ".join(Path(place.strip()).name for place in places.split(","))


def _steps(config: Config, folder: Path) -> dict[str, Any]:
    if not (folder / claiming.RECIPE).is_file():
        return {
            "steps": config.training.steps,
            "seed": config.training.seed,
            "batch": _batch(config),
        }
    phases = recipe_module.load(folder / claiming.RECIPE).phases
    return {
        f"phase {number}, {phase.name}": (
            f"{phase.config.training.steps:,} steps, {_batch(phase.config)}, "
            f"seed {phase.config.training.seed}"
        )
        for number, phase in enumerate(phases, 1)
    }


def _batch(config: Config) -> str:
    return f"{config.data.batch_size} crops of {config.data.crop}x{config.data.crop}"


def summarize(config: Config, folder: str | Path) -> dict[str, Any]:
    """Reads a run folder's recipe and history.

    Returns:
      JSON-ready dict: pictures, steps, batch and seed of each phase, the loss at both ends.
    """
    summary = {
        "data": config.release.sources or data_name(config.data.source),
        **_steps(config, Path(folder)),
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
