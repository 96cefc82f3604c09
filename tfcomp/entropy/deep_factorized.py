"""One learned density of any shape for each channel, given by its cumulative.

    F_c(x) = sigmoid(f_K(... f_1(x)))     f_k(x) = g_k(softplus(H_k) x + b_k)
                                          g_k(x) = x + tanh(a_k) * tanh(x), none for the last

Softplus keeps matrices positive and |tanh(a)| <= 1 keeps g rising, so F_c rises from 0 to 1 (Balle,
Minnen, Singh, Hwang, Johnston 2018, arXiv:1802.01436, appendix 6.1).
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import tensorflow as tf
from tensorflow import keras

FILTERS = (3, 3)


class DeepFactorized(keras.layers.Layer):
    """The logits of the cumulatives of C channels.

    Weights have the names, the shapes and the order of those of `tfc.DeepFactorized`.

    Args:
      channels: C.
      initial_scale: how wide the densities are at first.
    """

    def __init__(
        self, channels: int, initial_scale: float = 10.0, name: str = "deep_factorized"
    ) -> None:
        super().__init__(name=name, dtype="float32")
        self.channels = int(channels)
        widths = (1, *FILTERS, 1)
        growth = initial_scale ** (1.0 / (len(widths) - 1))
        self._matrices, self._biases, self._factors = [], [], []
        for layer, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
            # Its softplus is 1 / (growth * outputs): the layers together divide by the scale.
            matrix = np.log(np.expm1(1.0 / (growth * outputs)))
            self._matrices.append(
                self._weight(f"matrix_{layer}", (outputs, inputs), _constant(matrix))
            )
            self._biases.append(
                self._weight(
                    f"bias_{layer}", (outputs, 1), keras.initializers.RandomUniform(-0.5, 0.5)
                )
            )
            if layer < len(FILTERS):
                self._factors.append(self._weight(f"factor_{layer}", (outputs, 1), "zeros"))

    def _weight(self, name: str, shape: tuple[int, ...], initializer: Any) -> tf.Variable:
        shape = (self.channels, *shape)
        return self.add_weight(name=name, shape=shape, initializer=initializer)

    def _logits_cumulative(self, inputs: tf.Tensor) -> tf.Tensor:
        """float32 [..., C] -> the logits of F_c at each value, of the same shape."""
        shape = tf.shape(inputs)
        x = tf.transpose(tf.reshape(inputs, [-1, 1, self.channels]), [2, 1, 0])
        for layer, (matrix, bias) in enumerate(zip(self._matrices, self._biases)):
            x = tf.matmul(tf.nn.softplus(matrix), x) + bias
            if layer < len(self._factors):
                x += tf.tanh(self._factors[layer]) * tf.tanh(x)
        return tf.reshape(tf.transpose(x, [2, 1, 0]), shape)

    def frozen_logits(self) -> Callable[..., np.ndarray]:
        """The same as a function of NumPy arrays, in float64.

        Returns:
          function of float64 [n, C] -> float64 [n, C]; a slice may select the channels.
        """
        matrices = [np.logaddexp(0.0, np.asarray(m, np.float64)) for m in self._matrices]
        biases = [np.asarray(b, np.float64) for b in self._biases]
        factors = [np.tanh(np.asarray(f, np.float64)) for f in self._factors]

        def logits(values: np.ndarray, channels: slice = slice(None)) -> np.ndarray:
            x = np.transpose(values)[:, None]
            for layer, (matrix, bias) in enumerate(zip(matrices, biases)):
                x = matrix[channels] @ x + bias[channels]
                if layer < len(factors):
                    x += factors[layer][channels] * np.tanh(x)
            return np.transpose(x[:, 0])

        return logits


def _constant(value: float) -> keras.initializers.Initializer:
    return keras.initializers.Constant(float(value))
