"""Both directions of a depthwise block in stock operations, and its derivative."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import tensorflow as tf

from tfcomp.entropy.quality_levels import at_level
from tfcomp.export.deployed_layers import DeployedLayers, Operation
from tfcomp.models.depthwise_block import DepthwiseBlock

# (float32 [1, H, W, C], quality int32 [1]) -> float32 [1, H, W, C].
OperationOfQuality = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

_LEAK = 0.2  # of tf.nn.leaky_relu


def analysis(build: DeployedLayers, layer: DepthwiseBlock) -> OperationOfQuality:
    """The analysis direction of a `DepthwiseBlock` that has one.

    Args:
      build: a `DeployedLayers`.
      layer: the trained block.

    Returns:
      (float32 [1, H, W, C], quality int32 [1]) -> float32 [1, H, W, C].
    """
    depthwise, first, second = (kernel.numpy() for kernel in layer.kernels["analysis"])
    hidden_bias, bias = (each.numpy() for each in layer.biases["analysis"])
    spread = _depthwise(build, depthwise)
    widen = build.convolution(first, hidden_bias)
    narrow = build.convolution(second, bias)
    scales = build.constant(layer.scales["analysis"].numpy())

    def block(x: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        branch = narrow(tf.nn.leaky_relu(widen(spread(x))))
        return x + branch * at_level(scales, quality)

    return block


def synthesis(build: DeployedLayers, layer: DepthwiseBlock) -> OperationOfQuality:
    """The synthesis direction of a `DepthwiseBlock`; as `analysis`."""
    forward = with_pullback(build, layer)
    return lambda y, quality: forward(y, quality)[0]


def with_pullback(build: DeployedLayers, layer: DepthwiseBlock) -> Callable[..., Any]:
    """The synthesis: (y, quality) -> (output, function from its gradient to that of y)."""
    depthwise, first, second = (kernel.numpy() for kernel in layer.kernels["synthesis"])
    hidden_bias, bias = (each.numpy() for each in layer.biases["synthesis"])
    widen = build.convolution(second.transpose(0, 1, 3, 2), hidden_bias)
    narrow = build.convolution(first.transpose(0, 1, 3, 2), np.zeros(len(bias)))
    # The bias comes after the depthwise kernel, which is its own mirror image turned round.
    spread = _depthwise(build, depthwise[::-1, ::-1], bias)
    adjoints = (
        _depthwise(build, depthwise),
        build.convolution(first, np.zeros_like(hidden_bias)),
        build.convolution(second, np.zeros_like(bias)),
    )
    scales = build.constant(layer.scales["synthesis"].numpy())

    def forward(y: tf.Tensor, quality: tf.Tensor) -> tuple[tf.Tensor, Operation]:
        hidden = widen(y)
        scale = at_level(scales, quality)

        def pullback(upstream: tf.Tensor) -> tf.Tensor:
            gather, to_hidden, back = adjoints
            slope = tf.maximum(tf.sign(hidden), _LEAK)
            return upstream + back(to_hidden(gather(upstream * scale)) * slope)

        return y + spread(narrow(tf.nn.leaky_relu(hidden))) * scale, pullback

    return forward


def _depthwise(
    build: DeployedLayers, kernel: np.ndarray, bias: np.ndarray | None = None
) -> Operation:
    kernel = build.constant(kernel)
    bias = build.constant(np.zeros(kernel.shape[2]) if bias is None else bias)
    return lambda x: tf.nn.bias_add(
        tf.nn.depthwise_conv2d(x, kernel, (1, 1, 1, 1), "SAME"), bias
    )
