"""Tuning an encoder: its distortion weights and gains, one number a quality, by measured cost.

    thresholds          the weight of least cost without a search
    gains and weight    one after another, those of least mean cost after 1, 2 and 4 rounds

The cost is that of the training (trials.py), mean over the crops. Each number is found by bounded
minimisation (Brent 1973) and takes the place of the run's own only if it saves more than the
standard error of what it saves over the crops. So no quality gets worse, and noise moves nothing.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, NamedTuple, Sequence

import numpy as np
from tqdm import tqdm

from tfcomp.config import Config
from tfcomp.encoder_tuning import EncoderTuning
from tfcomp.models.base import CodecModel
from tfcomp.networks.interpreter import available_threads
from tfcomp.release.pictures import TuningPictures
from tfcomp.release.trials import ROUNDS, Lagrangian, Trials
from tfcomp.runtime.bundle import Bundle

_WEIGHTS = (5.0, 60.0)  # least and largest that are tried; theory says 8.7
_TRIES = 6  # of each number, beside the run's own and 0
_WEIGHT = "distortion_weights"
_GAINS = ("cycle_gains", "gradient_gains", "rate_gains")


class Tuned(NamedTuple):
    """What was found.

    Attributes:
      distortion_weights: of the quantiser, one number a quality, for the manifest.
      tuning: for encoder.json.
      record: for the manifest: pictures, objective, and what each quality cost before and after.
    """

    distortion_weights: list[float]
    tuning: EncoderTuning
    record: dict[str, Any]


def why_untunable(model: CodecModel, config: Config) -> str | None:
    """Why a run has nothing to tune, in a few words; None where it has."""
    if not model.prior.kind.takes_feedback:
        return f"its entropy model, '{model.prior.kind.name}', is no hyperprior"
    if not hasattr(config.model, "tuning"):
        return f"the family '{config.model.family}' searches for no latents"
    return None


def tune(bundle: Bundle, model: CodecModel, pictures: TuningPictures) -> Tuned:
    """Finds the numbers of least cost, with a progress bar on a terminal.

    The decoder's gradient is followed only where the bundle holds it.

    Args:
      bundle: as exported, with the run's own numbers.
      model: the trained model, which says what errors cost.
      pictures: to encode.
    """
    qualities = range(1, bundle.manifest.qualities + 1)
    cost, crops = Lagrangian(model), pictures.crops
    names = [name for name in _GAINS if name != "gradient_gains" or bundle.gradient is not None]
    planned = (3 + _TRIES + (_TRIES + 1) * (len(names) + 1)) * len(crops)
    stopped = threading.Event()
    with tqdm(
        total=len(qualities) * (planned + len(crops)), desc="tuning", unit="file",
        leave=False, disable=None,
    ) as bar:  # fmt: skip
        steps = _Steps(bar, stopped)

        def point(quality: int) -> dict[str, Any]:
            return Trials(bundle, crops, quality, cost, steps).point()

        def search(quality: int) -> _Found:
            counted = _Steps(bar, stopped)

            def trials(changed: Bundle) -> Trials:
                return Trials(changed, crops, quality, cost, counted)

            found = _search(trials, exported, quality, names)
            counted.add(max(0, planned - counted.count))  # fewer numbers to try than thought
            return found

        with ThreadPoolExecutor(min(available_threads(), len(qualities))) as pool:
            try:
                # What errors are worth to a search: fixed, so that costs can be compared.
                manifest = dataclasses.replace(
                    bundle.manifest, rate_distortion=tuple(pool.map(point, qualities))
                )
                exported = dataclasses.replace(bundle, manifest=manifest)
                found = list(pool.map(search, qualities))
            except BaseException:  # Ctrl-C too: the other threads end with their file
                stopped.set()
                raise
    record = {
        "pictures": pictures.description,
        "objective": cost.description,
        "rounds": list(ROUNDS),
        "costs": [each.costs for each in found],
    }
    return Tuned([each.weight for each in found], _gathered(found), record)


class _Found(NamedTuple):
    """One quality's numbers: the quantiser's weight, those of `EncoderTuning`, and the costs."""

    weight: float
    numbers: dict[str, float]
    costs: dict[str, float]


class _Steps:
    """Counts files on a bar that several threads share; raises once one of them has failed."""

    _lock = threading.Lock()

    def __init__(self, bar: Any, stopped: threading.Event) -> None:
        self._bar, self._stopped, self.count = bar, stopped, 0

    def __call__(self) -> None:
        if self._stopped.is_set():
            raise RuntimeError("tuning was stopped")
        self.count += 1
        self.add(1)

    def add(self, files: int) -> None:
        with self._lock:
            self._bar.update(files)


def _search(
    trials_of: Callable[[Bundle], Trials], bundle: Bundle, quality: int, names: Sequence[str]
) -> _Found:
    """The numbers of a quality: never dearer than the bundle's, neither without rounds nor with."""
    own = _own_weight(bundle, quality)
    start = {name: bundle.tuning.at(quality).get(name, 0.0) for name in names}
    start[_WEIGHT] = bundle.tuning.at(quality).get(_WEIGHT, own)
    trials = trials_of(bundle)
    before = {"plain": trials.plain(own), "searched": trials.searched(start)}
    weight, plain = _least(trials.plain, own, before["plain"], is_weight=True)
    numbers = dict(start)
    tuned = trials_of(_with_weight(bundle, quality, weight))
    searched = tuned.searched(numbers)

    def cost_with(name: str, value: float) -> np.ndarray:
        return tuned.searched({**numbers, name: value})

    for name in (*names, _WEIGHT):
        cost = functools.partial(cost_with, name)
        numbers[name], searched = _least(cost, numbers[name], searched, name == _WEIGHT)
    if searched.mean() > before["searched"].mean():
        weight, numbers, plain, searched = own, start, *before.values()
    costs = {
        "quality": quality,
        "plain_before": float(before["plain"].mean()),
        "plain": float(plain.mean()),
        "searched_before": float(before["searched"].mean()),
        "searched": float(searched.mean()),
    }
    return _Found(weight, numbers, costs)


def _least(
    cost: Callable[[float], np.ndarray], start: float, its_costs: np.ndarray, is_weight: bool
) -> tuple[float, np.ndarray]:
    """The number of least mean cost, or `start` if that is as good within the standard error.

    Weights are searched for by their logarithms, gains from 0 to 1. Numbers are tried as they will
    be written.

    Args:
      cost: number -> the crops' costs, float64 [crops].
      start: the number to improve.
      its_costs: of that.
      is_weight: whether it is a weight.

    Returns:
      the number and its costs.
    """
    from scipy.optimize import minimize_scalar  # bjontegaard brings it

    known = {start: its_costs}

    def tried(x: float) -> float:
        value = round(math.exp(x), 1) if is_weight else round(x, 2)
        if value not in known:
            known[value] = cost(value)
        return float(known[value].mean())

    if not is_weight:
        tried(0.0)
    bounds = np.log(_WEIGHTS) if is_weight else (0.0, 1.0)
    minimize_scalar(tried, bounds=bounds, method="bounded", options={"maxiter": _TRIES})
    value = min(known, key=lambda each: known[each].mean())
    saved = its_costs - known[value]
    error = saved.std(ddof=1) / math.sqrt(len(saved)) if len(saved) > 1 else 0.0
    return (value, known[value]) if saved.mean() > error else (start, its_costs)


def _own_weight(bundle: Bundle, quality: int) -> float:
    layout = bundle.manifest.layout
    assert layout is not None, "a bundle without a hyperprior has nothing to tune"
    return layout.distortion_weight(quality)


def _with_weight(bundle: Bundle, quality: int, weight: float) -> Bundle:
    count = bundle.manifest.qualities
    weights = [_own_weight(bundle, each) for each in range(1, count + 1)]
    weights[quality - 1] = weight
    manifest = dataclasses.replace(bundle.manifest, distortion_weights=tuple(weights))
    return dataclasses.replace(bundle, manifest=manifest)


def _gathered(found: Sequence[_Found]) -> EncoderTuning:
    """The numbers of all qualities, without the lists that say nothing."""
    lists = {name: tuple(each.numbers[name] for each in found) for name in found[0].numbers}
    if lists[_WEIGHT] == tuple(each.weight for each in found):
        del lists[_WEIGHT]
    return EncoderTuning(
        **{name: numbers for name, numbers in lists.items() if any(numbers)}
    )
