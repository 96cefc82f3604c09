"""Effort, from 0 to 9: how long to search for better latents of one picture.

    effort   0   1   2   3   4   5   6    7    8    9
    rounds   0   1   2   3   4   6   8    8    8    8
    steps    -   -   -   -   -   -   -   25   75  150    of gradient descent, with TensorFlow

The term is that of AVIF and JPEG XL. Each effort tries everything that the one below it tries and
keeps the candidate of least cost: at one quality a higher effort never costs more, in bits plus
what the error is worth in bits. So 75 steps are the 25 of effort 7 and 50 more that go on from
those (Loshchilov, Hutter 2017, "SGDR: stochastic gradient descent with warm restarts").
"""

from __future__ import annotations

from typing import NamedTuple

from tfcomp.errors import ConfigError
from tfcomp.latent_search.searchable_codec import SearchableCodec
from tfcomp.runtime.options import whole_number

HIGHEST = 9
_ROUNDS = (0, 1, 2, 3, 4, 6, 8, 8, 8, 8)
_STEPS = (25, 50, 75)  # of efforts 7, 8, 9, each in addition to those before it
_FIRST_OF_DESCENT = 7


class Plan(NamedTuple):
    """What a search does.

    Attributes:
      rounds: against the decoded picture.
      steps: of gradient descent, stage by stage.
    """

    rounds: int
    steps: tuple[int, ...]


def plan_of(
    codec: SearchableCodec, effort: int | None = None, feedback: int = 0, refine: int = 0
) -> Plan:
    """The plan for an effort, as far as a model allows it, or for the older options.

    Args:
      codec: of the model.
      effort: 0 to 9; None is 0, or what `feedback` and `refine` say.
      feedback: rounds.
      refine: steps of gradient descent.

    Raises:
      ConfigError: a number is out of range, effort is given with the others, or the model takes no
        rounds.
    """
    if effort is None:
        rounds, steps = codec.checked_feedback(feedback), whole_number("refine", refine)
        if steps < 0:
            raise ConfigError(f"refinement takes 0 steps or more, not {steps}")
        return Plan(rounds, (steps,) if steps else ())
    effort = whole_number("effort", effort)
    if not 0 <= effort <= HIGHEST:
        raise ConfigError(f"effort must be from 0 to {HIGHEST}, not {effort}")
    if feedback or refine:
        raise ConfigError("give effort, or feedback and refine, not both")
    bundle = codec.bundle
    stages = max(0, effort + 1 - _FIRST_OF_DESCENT)
    return Plan(
        _ROUNDS[effort] if bundle.tuning.has_rounds else 0,
        _STEPS[:stages] if bundle.manifest.has_relaxed_form else (),
    )
