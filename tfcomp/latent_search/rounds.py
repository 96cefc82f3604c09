"""Rounds of feedback: the encoder corrects its latents by what they decode to.

    x --E--> y --quantise, code--> file --decode--> q --D--> picture
                ^                                               |
                +---- y <- y + a (correction - (y - q)) <-------+

The correction is what the decoded latents lack. There are two of them:

- E(x) - E(D(q)), the cycle's error: E and D are each other's mirror image, but not each other's
  inverse. With E in place of D's adjoint this is iterative hard thresholding (Blumensath, Davies
  2009, "Iterative hard thresholding for compressed sensing", arXiv:0805.0510): a step towards the
  picture, then quantisation again.
- -J^T (D(q) - x) / step^2, the same with D's true adjoint, where the bundle holds it
  (tfcomp/families/cycle/gradient.py): gradient descent on the squared error.

The first round removes the cycle's error, if the bundle has a gain for that. The others go down the
gradient, if it has a gain for that, the k-th of them with a k-th of the gain: such shrinking steps
settle, where constant ones move symbols back and forth (Robbins, Monro 1951, "A stochastic
approximation method"). Every round also moves latents in the direction that makes other latents'
bits fewer (the entropy coder gives it), the k-th by a k-th of a third gain. All this needs only the
bundle's own networks. The gains, one number a quality, are the bundle's: those of least loss on
training pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from tfcomp.entropy_kinds.hyperprior.layout import MEAN_UNITS

_Missing = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Gains(NamedTuple):
    """How far to follow the cycle's error, the squared error's gradient and the rate's gradient.

    Numbers from 0, which is not at all, to 1.
    """

    cycle: float
    gradient: float
    rate: float


class Round(NamedTuple):
    """What one round does.

    Attributes:
      missing: function of decoded latents, integers [h, w, C] in units of 1 / MEAN_UNITS of a step,
        and of the picture that they decode to, uint8 [H, W, 3] -> what they lack, float32 [h, w, C]
        in steps, which the caller may change; None where only the rate counts.
      gain: how far to follow that.
      rate_gain: how far to follow the rate's gradient.
    """

    missing: _Missing | None
    gain: float
    rate_gain: float


def rounds_of(
    count: int, gains: Gains, cycle_error: _Missing, gradient: _Missing
) -> Iterator[Round]:
    """Yields rounds in their order; none where all gains are 0.

    Args:
      count: how many rounds.
      gains: how far each goes.
      cycle_error: see `Round.missing`.
      gradient: see `Round.missing`.
    """
    down_the_gradient = 0
    for number in range(1, count + 1) if any(gains) else ():
        rate_gain = gains.rate / number
        if gains.cycle and (number == 1 or not gains.gradient):
            yield Round(cycle_error, gains.cycle, rate_gain)
        elif gains.gradient:
            down_the_gradient += 1
            yield Round(gradient, gains.gradient / down_the_gradient, rate_gain)
        else:
            yield Round(None, 0.0, rate_gain)


def after_round(
    found: np.ndarray,
    decoded: np.ndarray,
    image: np.ndarray,
    each: Round,
    cheaper: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> np.ndarray:
    """Latents after a round of feedback.

    Args:
      found: float32 [h, w, C] in quantisation steps; not changed.
      decoded: integers [h, w, C] in units of 1 / MEAN_UNITS of a step, which a file of them holds.
      image: uint8 [H, W, 3], what these decode to.
      each: what the round does.
      cheaper: the rate's gradient: latents and those integers -> float32 [h, w, first channels], in
        steps.
    """
    saving = cheaper(found, decoded) if each.rate_gain else None
    if each.missing is None:
        change = found.copy()
    else:
        change = each.missing(decoded, image)
        for row, before, integers in zip(change, found, decoded):  # row by row: copies are large
            row -= before
            row += integers.astype(np.float32) * np.float32(1 / MEAN_UNITS)
            row *= np.float32(each.gain)
            row += before
    if saving is not None:
        saving *= np.float32(each.rate_gain)
        change[..., : saving.shape[-1]] += saving
    return change
