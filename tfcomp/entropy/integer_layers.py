"""Convolutions in exact integer arithmetic, held in float32, trained with rounding.

    int a --repeat edges--> sum w a + b (|sum| < 2^24) --> floor(. / 2^shift) --> clip --> int

Networks that choose tables of the range coder must give the same integers on every machine. A
float32 holds every integer up to 2^24, so a sum of integers that stays below that is exact in any
order of summation: TensorFlow, LiteRT and NumPy agree bit for bit (Balle, Johnston, Minnen 2019,
"Integer networks for data compression with latent-variable models"). Training passes gradients
straight through the rounding.

An activation a stands for a / 16, a weight w for w / 256. Borders are padded with the edge, not
with zeros, so that small training crops and whole pictures look alike to the network.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfcomp.entropy.quality_levels import at_level

MAXIMUM_ACTIVATION = 255.0
ACTIVATION_BITS = 4
WEIGHT_BITS = 8
EXACT = 2**24
LARGEST_HYPER_LATENT = 31.0  # the hyper-synthesis clips to it
HYPER_LATENT_UNITS = 8.0
LARGEST_OWN_INPUT = 1023.0


def straight_through(x: tf.Tensor, rounded: tf.Tensor) -> tf.Tensor:
    """`rounded`, with the gradient of x (straight-through estimator)."""
    return x + tf.stop_gradient(rounded - x)


def clip(x: tf.Tensor, low: float, high: float) -> tf.Tensor:
    """Clips; outside the bounds only gradients that lead back inside pass."""

    @tf.custom_gradient
    def bounded(values: tf.Tensor) -> tuple[tf.Tensor, Any]:
        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            inwards = ((values > low) | (upstream < 0)) & ((values < high) | (upstream > 0))
            return tf.where(inwards, upstream, tf.zeros_like(upstream))

        return tf.clip_by_value(values, low, high), gradient

    return bounded(x)


def pad_edges(x: tf.Tensor, reach: int) -> tf.Tensor:
    """Repeats the outermost rows and columns `reach` (0 or 1) times; [B, H, W, C]."""
    if not reach:
        return x
    x = tf.concat([x[:, :1], x, x[:, -1:]], axis=1)
    return tf.concat([x[:, :, :1], x, x[:, :, -1:]], axis=2)


class IntegerConv(keras.layers.Layer):
    """A stride-1 convolution from integers to integers.

    Args:
      inputs: channels.
      outputs: channels.
      size: side of the kernel, 1 or 3.
      qualities: how many quality levels have a bias of their own; 0 for one shared bias.
      shift: the sum is divided by 2**shift.
      low: lower bound of the result.
      high: upper bound.
      offset: an integer that is added to the result, before its bounds.
      gain: the kernel's initial standard deviation times sqrt(fan-in).
      pointwise: how many of the last inputs are seen at the output's own place alone.
      channelwise: how many further inputs each output has for itself, at its own place.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int,
        qualities: int = 0,
        shift: int = WEIGHT_BITS,
        low: float = 0.0,
        high: float = MAXIMUM_ACTIVATION,
        gain: float = 1.4,
        offset: float = 0,
        pointwise: int = 0,
        channelwise: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype="float32")
        near = inputs - pointwise
        deviation = gain / np.sqrt(near * size * size + pointwise)

        def kernel(name: str, *shape: int) -> tf.Variable:
            initializer = keras.initializers.TruncatedNormal(stddev=deviation)
            return self.add_weight(name=name, shape=shape, initializer=initializer)

        self.kernel = kernel("entropy_kernel", size, size, near, outputs)
        self.pointwise_kernel = (
            kernel("entropy_pointwise_kernel", 1, 1, pointwise, outputs) if pointwise else None
        )
        self.channel_kernel = (
            self.add_weight(
                name="entropy_channel_kernel", shape=(channelwise, outputs), initializer="zeros"
            )
            if channelwise
            else None
        )
        self.bias = self.add_weight(
            name="bias", shape=(max(1, qualities), outputs), initializer="zeros"
        )
        self.qualities, self.shift, self.low, self.high = qualities, shift, low, high
        self.offset, self.reach = offset, size // 2

    def integer_kernels(self) -> list[tf.Tensor]:
        """float32 integers [size, size, inputs, outputs], then of pointwise inputs, if any."""
        kernels = [each for each in (self.kernel, self.pointwise_kernel) if each is not None]
        scaled = [kernel * 2.0**WEIGHT_BITS for kernel in kernels]
        return [straight_through(each, tf.round(each)) for each in scaled]

    @staticmethod
    def integer_channel_kernel(kernel: tf.Variable) -> tf.Tensor:
        """float32 integers [channelwise, outputs]."""
        scaled = kernel * 2.0**WEIGHT_BITS
        return straight_through(scaled, tf.round(scaled))

    def integer_bias(self) -> tf.Tensor:
        """float32 [qualities or 1, outputs] of integers.

        They include the result's offset and half a unit of it.
        """
        scaled = self.bias * 2.0 ** (WEIGHT_BITS + ACTIVATION_BITS)
        return straight_through(scaled, tf.round(scaled)) + 2.0**self.shift * (self.offset + 0.5)

    def convolve(
        self, x: tf.Tensor, quality: tf.Tensor, own: Sequence[tf.Tensor] = ()
    ) -> tf.Tensor:
        """float32 integers [B, H, W, inputs] -> the same of [B, H, W, outputs], at a quality.

        `own` are the channelwise inputs, [B, H, W, outputs] each, up to LARGEST_OWN_INPUT.
        """
        total = self._sums(x)
        if self.channel_kernel is not None:
            weights = tf.unstack(self.integer_channel_kernel(self.channel_kernel))
            total += tf.add_n([each * weight for each, weight in zip(own, weights)])
        bias = self.integer_bias()
        if self.qualities:
            between = at_level(bias, quality)
            whole = straight_through(between, tf.floor(between + 0.5))  # between levels too
            total += whole[:, None, None, :]
        else:
            total += bias[0]
        scaled = total * 2.0**-self.shift
        return clip(straight_through(scaled, tf.floor(scaled)), self.low, self.high)

    def _sums(self, x: tf.Tensor) -> tf.Tensor:
        kernels = self.integer_kernels()
        sizes = [kernel.shape[2] for kernel in kernels]
        return tf.add_n([_sum(*each) for each in zip(tf.split(x, sizes, -1), kernels)])

    def frozen(self, quality_steps: int = 1) -> dict[str, Any]:
        """The layer as integers, for export.

        Args:
          quality_steps: from one level to the next: what lies between two biases is exact too.

        Returns:
          dict of kernels, a list of int32 [size, size, inputs, outputs] as `integer_kernels` gives
          them, channel_kernel int32 [channelwise, outputs], bias int32 [qualities or 1, outputs],
          shift, low, high.

        Raises:
          ValueError: a sum could leave the exact range: the weights are far too large.
        """
        kernels = [np.asarray(kernel).astype(np.int64) for kernel in self.integer_kernels()]
        bias = np.asarray(self.integer_bias()).astype(np.int64)
        weights = np.sum([np.abs(kernel).sum((0, 1, 2)) for kernel in kernels], axis=0)
        own = np.zeros((0, bias.shape[1]), np.int64)
        if self.channel_kernel is not None:
            own = np.asarray(self.integer_channel_kernel(self.channel_kernel)).astype(np.int64)
        largest = weights * int(MAXIMUM_ACTIVATION) + np.abs(bias).max(0)
        largest += np.abs(own).sum(0) * int(LARGEST_OWN_INPUT)
        if largest.max() >= EXACT or np.abs(bias).max() * quality_steps >= EXACT:
            raise ValueError(f"{self.name}: sums up to {largest.max()} are not exact in float32")
        return {
            "kernels": [kernel.astype(np.int32) for kernel in kernels],
            "channel_kernel": own.astype(np.int32),
            "bias": bias.astype(np.int32),
            "shift": self.shift,
            "low": int(self.low),
            "high": int(self.high),
        }


def _sum(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    size, _, inputs, outputs = kernel.shape
    if size > 1:
        return tf.nn.conv2d(pad_edges(x, 1), kernel, 1, "VALID")
    # A 1x1 convolution's gradients are slow on a CPU, a matrix product's are not.
    total = tf.matmul(tf.reshape(x, [-1, inputs]), tf.reshape(kernel, [inputs, outputs]))
    return tf.reshape(total, tf.concat([tf.shape(x)[:3], [outputs]], 0))
