"""Rounds of feedback: an encoder that looks at what its decoder makes of its latents.

    x --E--> y --quantise, code--> file --decode--> q --D--> picture
                ^                                               |
                +---- y <- y + a (correction - (y - q)) <-------+

The correction is what the picture says that the decoded latents lack. There are two of them:

- E(x) - E(D(q)), the cycle's error: E and D are each other's mirror image, but not each other's
  inverse. With E in the place of D's adjoint this is iterative hard thresholding (Blumensath,
  Davies 2009, "Iterative hard thresholding for compressed sensing", arXiv:0805.0510): a step
  towards the picture, then quantisation again.
- -J^T (D(q) - x) / step^2, the same with D's true adjoint, where the bundle holds it
  (tfcomp/export/deployed_gradient.py): gradient descent on the squared error.

The first round takes the cycle's error away, where the bundle has a gain for that; the others go
down the gradient, where it has one for that, the k-th of them with a k-th of the gain: steps that
shrink so settle, where a constant one keeps symbols going back and forth (Robbins, Monro 1951, "A
stochastic approximation method"). Both run the bundle's own networks and need nothing else. a, the
gain, is the bundle's, one number a quality: the least loss on training pictures.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from tfcomp.bitstream.hyperprior_sections import MEAN_UNITS
from tfcomp.errors import ConfigError

_Missing = Callable[[np.ndarray], np.ndarray]


class Correction(NamedTuple):
    """What one round does.

    gain: above 0. missing: what decoded latents lack, integers [h, w, C] in units of 1 / MEAN_UNITS
    of a step -> float32 [h, w, C] in steps, which the caller may change.
    """

    gain: float
    missing: _Missing


def corrections(
    rounds: int,
    cycle_gain: float,
    cycle_error: _Missing,
    gradient_gain: float,
    gradient: _Missing,
) -> Iterator[Correction]:
    """Yields those of so many rounds, the first one first; none where both gains are 0.

    cycle_error, gradient: the two kinds of correction, see `Correction.missing`.
    """
    of_the_cycle = 0
    if cycle_gain:
        of_the_cycle = min(rounds, 1) if gradient_gain else rounds
    for _ in range(of_the_cycle):
        yield Correction(cycle_gain, cycle_error)
    if gradient_gain:
        for step in range(1, rounds - of_the_cycle + 1):
            yield Correction(gradient_gain / step, gradient)


def checked_rounds(rounds: int, takes_feedback: bool, name: str) -> int:
    """The rounds asked for. Raises ConfigError for less than 0, or of a model without gains.

    takes_feedback: whether the manifest has gains. name: the model's.
    """
    rounds = operator.index(rounds)
    if rounds < 0:
        raise ConfigError(f"feedback takes 0 rounds or more, not {rounds}")
    if rounds and not takes_feedback:
        raise ConfigError(f"model '{name}' has no gains for feedback; leave feedback out")
    return rounds


def with_feedback(
    latents: np.ndarray,
    corrections: Iterable[Correction],
    quantized: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Latents after a round for each correction.

    latents: float32 [h, w, C] in quantisation steps, what the encoder makes of the picture; not
        changed.
    quantized: latents -> integers [h, w, C] in units of 1 / MEAN_UNITS of a step, what a file of
        them decodes to.
    """
    found = latents
    for gain, missing in corrections:
        decoded = quantized(found)
        change = missing(decoded)
        for row, before, integers in zip(change, found, decoded):  # copies would be large
            row -= before
            row += integers * np.float32(1 / MEAN_UNITS)
            row *= np.float32(gain)
            row += before
        found = change
    return found
