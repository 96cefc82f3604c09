"""Rounds of feedback: an encoder that looks at what its decoder makes of its latents.

    x --E--> y --quantise, code--> file --decode--> q --D--> picture --E--> again
                ^                                                             |
                +-------- y <- y + a (E(x) - again - (y - q)) <---------------+

E and D are each other's mirror image, but not each other's inverse: E(D(q)) is not q. The
difference is the cycle's error, and takes little away from the latents once it is known. With E in
the place of D's adjoint this is iterative hard thresholding (Blumensath, Davies 2009, "Iterative
hard thresholding for compressed sensing", arXiv:0805.0510): a step towards the picture, then
quantisation again. It runs the bundle's own networks forwards and needs nothing else.

a, the gain, is the bundle's, one number a quality: the least loss on training pictures.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np

from tfcomp.bitstream.hyperprior_sections import MEAN_UNITS
from tfcomp.errors import ConfigError


def checked_rounds(rounds: int, gains: tuple[float, ...], name: str) -> int:
    """The rounds asked for. Raises ConfigError for less than 0, or of a model without gains.

    gains: of the manifest. name: the model's.
    """
    rounds = operator.index(rounds)
    if rounds < 0:
        raise ConfigError(f"feedback takes 0 rounds or more, not {rounds}")
    if rounds and not gains:
        raise ConfigError(f"model '{name}' has no gains for feedback; leave feedback out")
    return rounds


def with_feedback(
    latents: np.ndarray,
    rounds: int,
    gain: float,
    quantized: Callable[[np.ndarray], np.ndarray],
    again: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Latents after some rounds.

    latents: float32 [h, w, C] in quantisation steps, what the encoder makes of the picture; not
        changed. gain: 0 for no change at all.
    quantized: latents -> integers [h, w, C] in units of 1 / MEAN_UNITS of a step, what a file of
        them decodes to. again: such integers -> float32 [h, w, C], what the encoder makes of the
        picture that they decode to.
    """
    found = latents
    for _ in range(rounds if gain else 0):
        decoded = quantized(found)
        change = again(decoded)  # in place from here on: of large pictures each copy is large
        np.subtract(latents, change, out=change)
        change -= found
        change += decoded * np.float32(1 / MEAN_UNITS)
        change *= np.float32(gain)
        change += found
        found = change
    return found
