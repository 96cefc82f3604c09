"""A recipe: one training in several phases, each with a few settings of its own.

    model: ...            what all phases share, as in a plain config
    training: {seed: 3}
    phases:
      - name: transforms
        training: {steps: 60000}
      - name: finish
        training: {steps: 8000, float32_from: 0.0}
        optimizer: {learning_rate: 2.0e-4}

A config without `phases` is a recipe of one phase. Each phase starts with the weights of the one
before. A phase with a narrower model starts with the strongest channels
(tfcomp/families/cycle/pruning.py); one with `encoder_only` leaves the decoder as it is.
"""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path
from typing import Any, Dict, Tuple, Union

from tfcomp.config import whole
from tfcomp.config.checks import require
from tfcomp.errors import ConfigError

_ONLY_PHASE = "training"


@dataclasses.dataclass(frozen=True)
class Phase:
    """A part of a recipe: its name, in letters, digits and dashes, and its whole config."""

    name: str
    config: whole.Config

    def __post_init__(self) -> None:
        plain = self.name.replace("-", "").replace("_", "")
        require(plain.isascii() and plain.isalnum(), f"a phase can't be named '{self.name}'")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Phases in the order in which they are trained."""

    phases: Tuple[Phase, ...]

    def __post_init__(self) -> None:
        names = [phase.name for phase in self.phases]
        require(len(names) >= 1, "a recipe needs at least one phase")
        require(len(set(names)) == len(names), "phases need names that differ")
        for before, phase in zip(self.phases, self.phases[1:]):
            require(
                phase.config.model.family == before.config.model.family,
                "all phases of a recipe train one family",
            )
            require(
                phase.config.training.start_from is None,
                f"phase '{phase.name}' starts with the phase before: leave out start_from",
            )
            require(
                phase.config.training.strategy != "multiworker",
                "several machines train one phase at a time: give each phase a config of its own",
            )

    @property
    def family(self) -> str:
        """The family of models that it trains."""
        return self.phases[0].config.model.family

    def map(self, change: Any) -> Recipe:
        """The recipe with `change` (Config -> Config) applied to every phase's config."""
        return Recipe(
            tuple(dataclasses.replace(phase, config=change(phase.config)) for phase in self.phases)
        )

    def with_steps(self, steps: int) -> Recipe:
        """The recipe in `steps` optimiser steps, divided among its phases, at least one each.

        Raises:
          ConfigError: there are more phases than steps.
        """
        require(steps >= len(self.phases), f"{len(self.phases)} phases need at least as many steps")
        total = sum(phase.config.training.steps for phase in self.phases)
        ends, done = [], 0
        for number, phase in enumerate(self.phases, 1):
            done += phase.config.training.steps
            left = len(self.phases) - number
            ends.append(min(max(round(steps * done / total), number), steps - left))
        shares = iter(end - start for start, end in zip([0, *ends], ends))

        def change(config: whole.Config) -> whole.Config:
            training = dataclasses.replace(config.training, steps=next(shares))
            return dataclasses.replace(config, training=training)

        return self.map(change)


def load(path: Union[str, Path]) -> Recipe:
    """Reads a YAML file, with or without `phases`.

    Raises:
      ConfigError: the file is absent, is not YAML or holds something unknown.
    """
    return from_dict(whole.read_yaml(path))


def from_dict(values: Dict[str, Any]) -> Recipe:
    """Builds a `Recipe` from nested plain values.

    Raises:
      ConfigError: as `tfcomp.config.from_dict`; or a phase has no name, or is not a mapping.
    """
    values = dict(values or {})
    if "phases" not in values:
        return Recipe((Phase(_ONLY_PHASE, whole.from_dict(values)),))
    phases = values.pop("phases")
    if not isinstance(phases, list) or not all(isinstance(phase, dict) for phase in phases):
        raise ConfigError("config: phases must be a list of sections (name:, training:, ...)")
    made = []
    for number, phase in enumerate(phases, 1):
        changes = dict(phase)
        name = changes.pop("name", None)
        if not isinstance(name, str):
            raise ConfigError(f"config: phase {number} needs a name")
        try:
            made.append(Phase(name, whole.from_dict(_merged(values, changes))))
        except ConfigError as error:
            raise ConfigError(f"{error} (phase '{name}')") from None
    return Recipe(tuple(made))


def to_dict(recipe: Recipe) -> Dict[str, Any]:
    """Plain nested values that `from_dict` reads: every phase in full."""
    if [phase.name for phase in recipe.phases] == [_ONLY_PHASE]:
        return whole.to_dict(recipe.phases[0].config)
    return {
        "phases": [{"name": phase.name, **whole.to_dict(phase.config)} for phase in recipe.phases]
    }


def dump(recipe: Recipe) -> str:
    """The recipe as YAML text, readable by `load`."""
    import yaml

    return yaml.safe_dump(to_dict(recipe), sort_keys=False)


def _merged(base: Dict[str, Any], changes: Dict[str, Any]) -> Dict[str, Any]:
    """Nested values with those of `changes` over them; lists are replaced, not joined."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = _merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result
