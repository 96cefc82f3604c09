"""The densities of symbols: a ladder of 64 widths, of which the entropy networks choose one.

    p_i(k) = (1 - w_i) P(k; s_i) + w_i P(k; r_i s_i)
    P(k; s) = Phi((k + 1/2) / s) - Phi((k - 1/2) / s)

s_i is a geometric ladder. With `heavy_tails` each density is a mixture of two Gaussians (a scale
mixture, Wainwright and Simoncelli 1999), which allows for what the networks cannot predict about a
symbol's spread. Weights and ratios, two numbers a density, are trained and end in the bundle's
tables, so they cost a decoder nothing. Without `heavy_tails`, w_i = 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy.backend import backend as entropy_backend

SCALES = 64
MINIMUM_SCALE, MAXIMUM_SCALE = 0.08, 128.0
SCALE_TABLE = np.geomspace(MINIMUM_SCALE, MAXIMUM_SCALE, SCALES).astype(np.float32)
LARGEST_RATIO = 4.0
_STEP = np.log(MAXIMUM_SCALE / MINIMUM_SCALE) / (SCALES - 1)
_MINIMUM_LIKELIHOOD = 1e-9
# Adam moves every variable by about its learning rate a step: these must move faster than kernels.
_PACE = 10.0
# Close to what training on photographs gives.
_FIRST_WEIGHT, _FIRST_RATIO = 0.12, 2.0


def _logit(p: float) -> float:
    return np.log(p / (1.0 - p))


class ScaleLadder(keras.layers.Layer):
    """Bits of symbols under the ladder's densities, and the densities' tables.

    Args:
      heavy_tails: whether the densities are mixtures; otherwise plain Gaussians.
      skipped: how many of the narrowest densities are left out: density 0 is the ladder's number
        `skipped`.
      backend: "tfc" or "own"; see tfcomp/entropy/backend.py.
    """

    def __init__(
        self,
        heavy_tails: bool = False,
        skipped: int = 0,
        backend: Any = None,
        name: str = "scale_ladder",
    ) -> None:
        super().__init__(name=name, dtype="float32")
        self._entropy_backend = entropy_backend(backend)
        self.heavy_tails, self.skipped = bool(heavy_tails), int(skipped)
        self.count = SCALES - self.skipped
        if self.heavy_tails:
            self._weight_logit, self._ratio_logit = (
                self.add_weight(name=f"entropy_tail_{name}", shape=(SCALES,), initializer="zeros")
                for name in ("weight", "ratio")
            )

    @staticmethod
    def index_of(deviations: np.ndarray) -> np.ndarray:
        """Each deviation's place on the ladder, 0 to SCALES - 1; float32 of any shape."""
        index = np.log(np.maximum(deviations, MINIMUM_SCALE) / MINIMUM_SCALE) / _STEP
        return np.minimum(index, SCALES - 1)

    def _tail_weights(self) -> tf.Tensor:
        return tf.sigmoid(_PACE * self._weight_logit + _logit(_FIRST_WEIGHT))

    def _tail_ratios(self) -> tf.Tensor:
        first = _logit((_FIRST_RATIO - 1.0) / (LARGEST_RATIO - 1.0))
        return 1.0 + (LARGEST_RATIO - 1.0) * tf.sigmoid(_PACE * self._ratio_logit + first)

    def bits(self, values: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        """Shannon information of noisy or rounded values.

        Args:
          values: float32 [...], in steps.
          index: float32 [...], each value's density, 0 to count - 1; whole numbers, differentiable.

        Returns:
          float32 [...].
        """
        values, index = tf.abs(values), index + self.skipped
        scale = MINIMUM_SCALE * tf.exp(index * _STEP)
        likelihood = _gaussian(values, scale)
        if self.heavy_tails:
            chosen = tf.cast(tf.stop_gradient(index), tf.int32)
            weight = tf.gather(self._tail_weights(), chosen)
            ratio = tf.gather(self._tail_ratios(), chosen)
            likelihood += weight * (_gaussian(values, scale * ratio) - likelihood)
        nats = -tf.math.log(tf.maximum(likelihood, _MINIMUM_LIKELIHOOD))
        # Where the likelihood underflows, a quadratic tail still has a gradient for the scale.
        tail = tf.square(values / scale) * 0.5
        nats = tf.where(likelihood > _MINIMUM_LIKELIHOOD, nats, 20.7 + 0.02 * tail)
        return nats / np.log(2.0)

    def freeze(self) -> CdfTables:
        """`CdfTables`, one table for each density."""
        scales = SCALE_TABLE[self.skipped :]
        if not self.heavy_tails:
            return self._entropy_backend.gaussian_tables(scales)
        weights, ratios = (
            tf.convert_to_tensor(each)[self.skipped :]
            for each in (self._tail_weights(), self._tail_ratios())
        )
        return self._entropy_backend.gaussian_tables(scales, weights, ratios)


def _gaussian(values: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    """Probability of the unit interval around each value >= 0."""
    root = np.sqrt(0.5)
    upper = tf.math.erfc((values - 0.5) / scale * root)
    lower = tf.math.erfc((values + 0.5) / scale * root)
    return 0.5 * (upper - lower)
