"""Rounding that gradients pass through: stochastic Gumbel annealing.

A value goes up or down at random, more likely to the nearer integer, and this choice is relaxed.
As the temperature falls, the relaxed choice becomes rounding to the nearest. Yang,
Bamler, Mandt 2020, "Improving inference for neural image compression" (arXiv:2006.04240); the odds
are those of Perugachi-Diaz, Gansekoele, Bhulai 2024, "Robustly overfitting latents for flexible
neural image compression" (arXiv:2401.17789), which need fewer steps.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

_EDGE = 1e-5  # keeps logarithms finite
_STEEPNESS = 2.5  # 1: as likely as it is near


def relaxed_round(values: Any, temperature: Any, seed: Any) -> Any:
    """Numbers between the two integers around each value: float32 of the same shape.

    Args:
      values: float32.
      temperature: float32 scalar above 0; 1 is hot, 0.1 is nearly rounding.
      seed: int32 [2]; the same one gives the same choices.
    """
    low = tf.floor(values)
    part = tf.clip_by_value(values - low, _EDGE, 1.0 - _EDGE)
    odds = _STEEPNESS * tf.math.log(part / (1.0 - part)) / temperature  # logarithm of, going up
    uniform = tf.random.stateless_uniform(tf.shape(values), seed, _EDGE, 1.0 - _EDGE)
    noise = tf.math.log(uniform) - tf.math.log(1.0 - uniform)
    return low + tf.sigmoid((odds + noise) / temperature)
