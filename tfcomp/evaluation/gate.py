"""Gates: the BD-rates that a benchmark must reach, so that a regression fails a build."""

from __future__ import annotations

import dataclasses
import math
from typing import Callable, List, Optional, Sequence

from tfcomp.errors import ConfigError
from tfcomp.evaluation.curves import RateDifference


@dataclasses.dataclass(frozen=True)
class Gate:
    """A limit on a codec's BD-rate.

    Attributes:
      anchor: a contestant's name.
      max_bd_rate: the largest BD-rate against the anchor, in percent.
      codec: the codec that is limited; every model of the run if None.
    """

    anchor: str
    max_bd_rate: float
    codec: Optional[str] = None

    @classmethod
    def parse(cls, text: str) -> Gate:
        """Reads "anchor=jpeg,max_bd_rate=-40[,codec=NAME]".

        Raises:
          ConfigError: the text has another form.
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
    """A gate's result for one contestant.

    Attributes:
      line: the result in words.
    """

    codec: str
    passed: bool
    line: str


def judge(
    gates: Sequence[Gate],
    models: Sequence[str],
    compare: Callable[[str, str], Optional[RateDifference]],
) -> List[Verdict]:
    """Checks the gates of a run.

    Args:
      gates: what was asked for.
      models: those that a gate without a codec limits.
      compare: (anchor, codec) -> BD-rate of mean curves; None misses the gate.
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
