"""Gates: the BD-rate that a run must reach, so that a regression fails a build."""

from __future__ import annotations

import dataclasses
import math
from typing import Callable, List, Optional, Sequence

from tfcomp.errors import ConfigError
from tfcomp.evaluation.curves import RateDifference


@dataclasses.dataclass(frozen=True)
class Gate:
    """What a model must reach.

    Attributes:
      anchor: a contestant's name.
      max_bd_rate: percent against it that may not be exceeded.
      codec: whom it holds; every model of the run if None.
    """

    anchor: str
    max_bd_rate: float
    codec: Optional[str] = None

    @classmethod
    def parse(cls, text: str) -> Gate:
        """Reads "anchor=jpeg,max_bd_rate=-40", "codec=NAME" being optional.

        Raises:
          ConfigError: it is no such text.
        """
        pairs = [part.partition("=") for part in text.split(",")]
        values = {key.strip(): value.strip() for key, _, value in pairs}
        known = set(values) <= {"anchor", "max_bd_rate", "codec"} and len(values) == len(pairs)
        if not known or not {"anchor", "max_bd_rate"} <= set(values) or not all(values.values()):
            raise ConfigError(
                f"a gate is anchor=NAME,max_bd_rate=PERCENT[,codec=NAME], not '{text}'"
            )
        try:
            limit = float(values["max_bd_rate"])
        except ValueError:
            limit = math.nan
        if not math.isfinite(limit):
            raise ConfigError(
                f"a gate's max_bd_rate is a number of percent, not '{values['max_bd_rate']}'"
            )
        return cls(values["anchor"], limit, values.get("codec"))


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A gate held against one contestant.

    Attributes:
      line: it in words.
    """

    codec: str
    passed: bool
    line: str


def judge(
    gates: Sequence[Gate],
    models: Sequence[str],
    compare: Callable[[str, str], Optional[RateDifference]],
) -> List[Verdict]:
    """Holds the gates against the run.

    Args:
      gates: what was asked for.
      models: whom a gate without a codec holds.
      compare: (anchor, codec) -> BD-rate of mean curves. Where there is none, the gate is missed.
    """
    verdicts = []
    for gate in gates:
        for codec in [gate.codec] if gate.codec else models:
            bd = compare(gate.anchor, codec)
            passed = bd is not None and bd.percent <= gate.max_bd_rate
            found = "cannot be compared" if bd is None else f"has {bd.percent:+.1f} %"
            verdicts.append(
                Verdict(
                    codec,
                    passed,
                    f"gate {'passed' if passed else 'MISSED'}: {codec} {found} against "
                    f"{gate.anchor}, {gate.max_bd_rate:+g} % or less is asked for",
                )
            )
    return verdicts
