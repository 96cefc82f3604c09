"""A recipe's phases, one after another, in one run folder.

    runs/NAME/recipe.yaml            the recipe
              phases/1-transforms/   a run folder of its own for each phase
              phases/2-finish/
              config.yaml, weights.npz, tables.npz, history.csv ...   the last phase's, when all
                                     are done; history.csv has the lines of all of them

A recipe of one phase is trained in the run folder itself. Stopped anywhere, the training goes on
with `resume`: finished phases stay, and the one that was stopped goes on from its checkpoint.
"""

from __future__ import annotations

import csv
import dataclasses
import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tfcomp.config import Recipe
from tfcomp.config import recipe as recipe_module
from tfcomp.config.whole import Config
from tfcomp.runs import claiming

if TYPE_CHECKING:
    from tfcomp.models.base import CodecModel

log = logging.getLogger(__name__)

_RESULTS = (claiming.CONFIG, "weights.npz", "tables.npz")


def train(recipe: Recipe, folder: str | Path, resume: bool = False) -> CodecModel | None:
    """Trains all phases of a recipe in a run folder, which is made if absent.

    With `resume` the training that was stopped in this folder goes on.

    Returns:
      the trained model; None on workers other than the chief.

    Raises:
      CodecError: see `tfcomp.training.loop.train`.
    """
    from tfcomp.training import loop

    folder = Path(folder)
    if len(recipe.phases) == 1:
        return loop.train(recipe.phases[0].config, folder, resume)
    if not resume:
        claiming.claim(folder, claiming.RECIPE, recipe_module.dump(recipe))
    model, before = None, None
    places = _places(recipe, folder)
    for number, (phase, place) in enumerate(zip(recipe.phases, places), 1):
        if (place / "weights.npz").is_file():
            log.info("phase %d, %s: done", number, phase.name)
        else:
            log.info("phase %d of %d: %s", number, len(places), phase.name)
            try:
                model = loop.train(
                    _starting_with(phase.config, before), place, _is_begun(place)
                )
            finally:
                _join_histories(recipe, folder)
        before = place
    for name in _RESULTS:
        shutil.copyfile(places[-1] / name, folder / name)
    if model is None:  # all was done before
        from tfcomp.runs import run_folder

        model, _ = run_folder.load_model(folder)
    return model


def _places(recipe: Recipe, folder: Path) -> list[Path]:
    """Each phase's own run folder."""
    return [
        folder / "phases" / f"{number}-{phase.name}"
        for number, phase in enumerate(recipe.phases, 1)
    ]


def _is_begun(place: Path) -> bool:
    """Whether a phase has a checkpoint to go on from; without one its folder is removed."""
    from tfcomp.training import run_checkpoints

    if run_checkpoints.latest(place / "checkpoints"):
        return True
    shutil.rmtree(place, ignore_errors=True)
    return False


def _starting_with(config: Config, before: Path | None) -> Config:
    if before is None:
        return config
    training = dataclasses.replace(config.training, start_from=str(before))
    return dataclasses.replace(config, training=training)


def _join_histories(recipe: Recipe, folder: Path) -> None:
    """Writes the run's history.csv: the lines of all phases, each with its phase's name."""
    lines: list[dict[str, str]] = []
    columns: list[str] = ["phase"]
    for phase, place in zip(recipe.phases, _places(recipe, folder)):
        path = place / "history.csv"
        if not path.is_file():
            continue
        with path.open(newline="", encoding="utf-8") as file:
            for line in csv.DictReader(file):
                lines.append({"phase": phase.name, **line})
                columns += [name for name in line if name not in columns]
    if lines:
        with (folder / "history.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="NA")
            writer.writeheader()
            writer.writerows(lines)
