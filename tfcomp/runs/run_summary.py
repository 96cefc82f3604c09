"""A training run in a few lines, for manifests and model cards."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from tfcomp.config import Config
from tfcomp.config import recipe as recipe_module
from tfcomp.config.recipe import Phase
from tfcomp.runs import claiming


def data_name(source: str) -> str:
    """The source without the paths of the machine that trained: folders by their own names."""
    kind, _, places = source.partition(":")
    if kind != "folder":
        return source
    return "images of " + ", ".join(Path(place.strip()).name for place in places.split(","))


def _phases(folder: Path) -> tuple[Phase, ...]:
    """The phases of the run's recipe; none where it has no recipe."""
    path = folder / claiming.RECIPE
    return recipe_module.load(path).phases if path.is_file() else ()


def _done(config: Config, phases: tuple[Phase, ...]) -> dict[str, Any]:
    """What each phase did; without a recipe what the run did."""
    if not phases:
        return {
            "steps": config.training.steps,
            "seed": config.training.seed,
            "batch": _batch(config),
            "optimizer": _optimizer(config),
            "precision": config.training.precision,
        }
    return {
        f"phase {number}, {phase.name}": (
            f"{phase.config.training.steps:,} steps, {_batch(phase.config)}, "
            f"{_optimizer(phase.config)}, {phase.config.training.precision} precision, "
            f"seed {phase.config.training.seed}"
        )
        for number, phase in enumerate(phases, 1)
    }


def _batch(config: Config) -> str:
    return f"{config.data.batch_size} crops of {config.data.crop}x{config.data.crop}"


def _optimizer(config: Config) -> str:
    return f"{config.optimizer.name}, learning rate {config.optimizer.learning_rate:g}"


def _losses(history: Path, phases: tuple[Phase, ...]) -> list[float]:
    """Line by line, without phases that train for dependent frames: theirs is another loss."""
    others = {phase.name for phase in phases if phase.config.training.sequence_only}
    with history.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    return [float(line["loss"]) for line in lines if line.get("phase") not in others]


def summarize(config: Config, folder: str | Path) -> dict[str, Any]:
    """Reads a run folder's recipe and history.

    Returns:
      JSON-ready dict: pictures, what each phase did, the loss at both ends.
    """
    phases = _phases(Path(folder))
    summary = {
        "data": config.release.sources or data_name(config.data.source),
        **_done(config, phases),
    }
    ladder = getattr(config.model, "ladder", ())
    if ladder:
        summary["channels"] = list(ladder)
    history = Path(folder) / "history.csv"
    losses = _losses(history, phases) if history.is_file() else []
    if losses:
        summary["loss, first to last line of history"] = f"{losses[0]:.3f} -> {losses[-1]:.3f}"
    return summary
