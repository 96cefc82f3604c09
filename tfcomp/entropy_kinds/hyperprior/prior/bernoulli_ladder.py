"""The probabilities of bits: a ladder of 64, of which the entropy networks choose one.

    p_i(1) = sigmoid((i - 32) / 4)

Place 0 is a bit that is 0 for certain and is not coded (sections.py).
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy.integer_tables import PRECISION, bit_tables

COUNT, _EVEN, _STEPS = 64, 32, 4.0  # places; the one of 1/2; places for a logit of 1


class BernoulliLadder:
    """What bits cost at each place of the ladder, and their tables; it has no variables.

    Attributes:
      count: places.
      skipped: places that are left out, as a `ScaleLadder` says it: none.
    """

    count, skipped = COUNT, 0
    variables: tuple[tf.Variable, ...] = ()

    @staticmethod
    def index_of(shares: np.ndarray) -> np.ndarray:
        """The place of each share of ones, 0 to 1; float32 of any shape."""
        shares = np.clip(shares, 1e-3, 1 - 1e-3)
        index = _EVEN + _STEPS * np.log(shares / (1 - shares))
        return np.clip(index, 1, COUNT - 1).astype(np.float32)

    def bits(self, values: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        """Shannon information of bits.

        Args:
          values: float32 [...], 0 and 1, or between, which costs as much of either.
          index: float32 [...], each bit's place, whole numbers; differentiable.

        Returns:
          float32 [...].
        """
        logit = (index - _EVEN) / _STEPS
        nats = values * tf.nn.softplus(-logit) + (1.0 - values) * tf.nn.softplus(logit)
        return nats / np.log(2.0)

    def freeze(self) -> CdfTables:
        """A table of 0 and 1 for each place."""
        ones = 1 / (1 + np.exp(-(np.arange(COUNT) - _EVEN) / _STEPS))
        return bit_tables(np.rint((1 - ones) * (1 << PRECISION)).astype(np.int64))
