"""Residual blocks of depthwise and 1x1 convolutions, with scales for each quality.

    analysis   x -+- depthwise(D) - 1x1(A) - act - 1x1(B) - * scale_q -+-> y
                  +--------------------------------------------------------+
    synthesis  y -+- 1x1(B^T) - act - 1x1(A^T) - depthwise(D^T) - * scale_q -+-> x
                  +----------------------------------------------------------+

A full 3x3 convolution costs nine times as much as a 1x1 convolution. A depthwise one leaves the
mixing of channels to matrix products, which are fast on every processor (Howard et al. 2017,
arXiv:1704.04861; Sandler et al. 2018, arXiv:1801.04381). The scales start at 0, so that both
directions start as the identity (ReZero, Bachlechner et al. 2020, arXiv:2003.04887); with scales
for each quality one set of kernels serves all of them.
"""

from __future__ import annotations

from typing import Any, Sequence

import tensorflow as tf
from tensorflow import keras

from tfcomp.entropy.quality_levels import at_level
from tfcomp.models import convolution
from tfcomp.models.layers import PACKAGE
from tfcomp.models.two_way_layer import TwoWayLayer

BOTH = ("analysis", "synthesis")


@keras.utils.register_keras_serializable(package=PACKAGE)
class DepthwiseBlock(TwoWayLayer):
    """The block and its mirror image, or one of the two; the other direction is then the identity.

    An encoder may be larger than its decoder at no cost to decoding (Yang, Mandt 2023,
    arXiv:2304.06244). Blocks of the decoder alone can smooth the block borders of a coarse
    transform.

    Args:
      expansion: channels inside, as a multiple of those outside.
      qualities: quality levels, each with scales of its own in each direction.
      kernel_size: side of the depthwise kernel, odd.
      tied: whether both directions share all kernels.
      directions: in which the block works: both, or "analysis" or "synthesis" alone.
    """

    settings = ("expansion", "qualities", "kernel_size", "tied", "directions")

    def __init__(
        self,
        expansion: int,
        qualities: int,
        kernel_size: int = 3,
        tied: bool = True,
        directions: Sequence[str] = BOTH,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.expansion = int(expansion)
        self.qualities = int(qualities)
        self.kernel_size = int(kernel_size)
        self.tied = bool(tied)
        self.directions = tuple(directions)

    def build(self, input_shape: Any) -> None:
        channels = int(input_shape[-1])
        hidden, size = self.expansion * channels, self.kernel_size
        weight = self.weight

        def kernels(prefix: str) -> tuple[tf.Variable, ...]:
            return (
                weight(f"{prefix}depthwise_kernel", (size, size, channels, 1), _NearIdentity()),
                weight(f"{prefix}first_kernel", (1, 1, channels, hidden), "he_normal"),
                weight(f"{prefix}second_kernel", (1, 1, hidden, channels), "he_normal"),
            )

        shared = kernels("")
        self.kernels: dict[str, tuple[tf.Variable, ...]] = {}
        self.biases: dict[str, tuple[tf.Variable, ...]] = {}
        self.scales: dict[str, tf.Variable] = {}
        for number, direction in enumerate(self.directions):
            own = number > 0 and not self.tied
            self.kernels[direction] = kernels(f"{direction}_") if own else shared
            self.biases[direction] = (
                weight(f"{direction}_hidden_bias", (hidden,)),
                weight(f"{direction}_bias", (channels,)),
            )
            self.scales[direction] = weight(
                f"{direction}_quality_scale", (self.qualities, channels)
            )
        super().build(input_shape)

    @property
    def analysis_variables(self) -> list[tf.Variable]:
        """The variables that only the analysis direction uses."""
        if "analysis" not in self.directions:
            return []
        own = [*self.biases["analysis"], self.scales["analysis"]]
        if self.kernels.get("synthesis") is not self.kernels["analysis"]:
            own += [*self.kernels["analysis"]]
        return own

    def analysis(self, x: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """[B, H, W, C], int32 [B] -> the same shape."""
        if "analysis" not in self.directions:
            return x
        depthwise, first, second, hidden_bias, bias = self._weights("analysis", x.dtype)
        y = convolution.convolve(convolution.depthwise(x, depthwise), first)
        y = convolution.leaky_relu(tf.nn.bias_add(y, hidden_bias))
        y = tf.nn.bias_add(convolution.convolve(y, second), bias)
        return self._added("analysis", y, x, quality)

    def synthesis(self, y: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """[B, H, W, C], int32 [B] -> the same shape."""
        if "synthesis" not in self.directions:
            return y
        depthwise, first, second, hidden_bias, bias = self._weights("synthesis", y.dtype)
        x = tf.nn.bias_add(convolution.convolve_transposed(y, second), hidden_bias)
        x = convolution.convolve_transposed(convolution.leaky_relu(x), first)
        x = tf.nn.bias_add(convolution.depthwise_transposed(x, depthwise), bias)
        return self._added("synthesis", x, y, quality)

    def _weights(self, direction: str, dtype: tf.DType) -> list[tf.Tensor]:
        """A direction's depthwise, first and second kernel, then its biases, in one dtype."""
        return [tf.cast(w, dtype) for w in (*self.kernels[direction], *self.biases[direction])]

    def _added(
        self, direction: str, branch: tf.Tensor, x: tf.Tensor, quality: tf.Tensor
    ) -> tf.Tensor:
        scale = tf.cast(at_level(self.scales[direction], quality), x.dtype)
        return x + branch * scale[:, None, None, :]


class _NearIdentity(keras.initializers.Initializer):
    """A depthwise kernel near the identity, a little different for each channel."""

    def __call__(self, shape: Any, dtype: Any = None, **_: Any) -> tf.Tensor:
        middle = tf.scatter_nd([[shape[0] // 2, shape[1] // 2]], tf.ones([1]), shape[:2])
        noise = tf.random.stateless_normal(shape, [1, shape[2]], stddev=0.1)
        return tf.cast(middle[:, :, None, None] + noise, dtype or tf.float32)
