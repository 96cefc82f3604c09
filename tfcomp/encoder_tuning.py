"""encoder.json: settings of the search for better latents, one number a quality.

    {"cycle_gains": [0, 0.75], "gradient_gains": [0.2, 0.1], "rate_gains": [0.3, 0]}

No decoder needs it, so it is no part of a bundle's fingerprint. A new setting is one line of
`EncoderTuning`, from which configurations, bundles and messages take it.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any, Tuple

from tfcomp.errors import BundleError
from tfcomp.quality import nearest_level

ENCODER_TUNING = "encoder.json"


def _field(old_name: str, weights: bool = False) -> Any:
    """Weights are above 0; gains go from 0, which is not at all, to 1."""
    return dataclasses.field(default=(), metadata={"old_name": old_name, "weights": weights})


@dataclasses.dataclass(frozen=True)
class EncoderTuning:
    """Tuples with one number a quality level, empty where the model has none; need a hyperprior.

    Attributes:
      cycle_gains: how far a round follows the cycle's error (tfcomp/latent_search/rounds.py).
      gradient_gains: how far it goes down the gradient of the squared error; a bundle with these
        has a gradient.tflite (tfcomp/families/cycle/gradient.py).
      rate_gains: how far it follows the rate's gradient, which the entropy coder gives.
      distortion_weights: of the quantiser, for latents of a search; if empty, those of the layout.
    """

    # Older manifests, and sections `model` of older configurations, have the old names.
    cycle_gains: Tuple[float, ...] = _field("feedback_gains")
    gradient_gains: Tuple[float, ...] = _field("gradient_gains")
    rate_gains: Tuple[float, ...] = _field("rate_gains")
    distortion_weights: Tuple[float, ...] = _field("feedback_distortion_weights", weights=True)

    @property
    def has_rounds(self) -> bool:
        """Whether there are gains for rounds."""
        return any((self.cycle_gains, self.gradient_gains, self.rate_gains))

    def at(self, quality: float) -> dict[str, float]:
        """The numbers of the level nearest to a quality, by name, but those the model lacks."""
        level = nearest_level(quality)
        return {name: numbers[level - 1] for name, numbers in vars(self).items() if numbers}

    def fault(self, qualities: int, hyperprior: bool) -> str | None:
        """What is wrong with the numbers of a model with these qualities; None if nothing is."""
        for each in dataclasses.fields(self):
            numbers = getattr(self, each.name)
            if numbers and not (hyperprior and len(numbers) == qualities):
                return f"{each.name} needs a hyperprior and one number for each quality"
            weights = each.metadata["weights"]
            if not all(0 < n < math.inf if weights else 0 <= n <= 1 for n in numbers):
                return f"{each.name} must be {'positive' if weights else 'from 0 to 1'}"
        return None

    def render(self) -> bytes:
        """encoder.json."""
        return (json.dumps({k: v for k, v in vars(self).items() if v}, indent=1) + "\n").encode()

    def by_old_names(self) -> dict[str, tuple[float, ...]]:
        """The numbers by the names that they have in older manifests."""
        return {
            each.metadata["old_name"]: getattr(self, each.name) for each in dataclasses.fields(self)
        }

    @classmethod
    def read(
        cls, text: bytes | None, manifest: Mapping[str, Any], qualities: int, hyperprior: bool
    ) -> EncoderTuning:
        """Reads and checks a bundle's numbers.

        Args:
          text: of encoder.json; None for bundles whose manifest.json holds the numbers.
          manifest: the object of manifest.json.
          qualities: the bundle's.
          hyperprior: whether it has one.

        Raises:
          BundleError: the numbers are unsound.
        """
        values, where = _from_old_names(manifest), "manifest.json"
        if text is not None:
            values, where = _object(text), ENCODER_TUNING
        known = [each.name for each in dataclasses.fields(cls)]
        tuning = cls(**{name: _numbers(values.get(name), name, where) for name in known})
        fault = tuning.fault(qualities, hyperprior)
        if fault:
            raise BundleError(f"{where}: {fault}")
        return tuning


def with_tuning_gathered(model: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration's section `model` with numbers of old names moved to `tuning`."""
    old = {each.metadata["old_name"] for each in dataclasses.fields(EncoderTuning)}
    rest = {name: value for name, value in model.items() if name not in old}
    found = _from_old_names(model)
    if found:
        rest["tuning"] = {**(model.get("tuning") or {}), **found}
    return rest


def _from_old_names(values: Mapping[str, Any]) -> dict[str, Any]:
    fields = dataclasses.fields(EncoderTuning)
    names = {each.metadata["old_name"]: each.name for each in fields}
    return {name: values[old] for old, name in names.items() if old in values}


def _object(text: bytes) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{ENCODER_TUNING} is not JSON ({error})") from None
    if not isinstance(values, dict):
        raise BundleError(f"{ENCODER_TUNING} must hold one JSON object")
    return values


def _numbers(values: Any, name: str, where: str) -> tuple[float, ...]:
    if values is None:
        return ()
    if not isinstance(values, list) or not all(type(each) in (int, float) for each in values):
        raise BundleError(f"{where}: {name} must be a list with one number for each quality")
    try:
        return tuple(float(each) for each in values)
    except OverflowError:
        raise BundleError(f"{where}: {name} has a number that is too large") from None
