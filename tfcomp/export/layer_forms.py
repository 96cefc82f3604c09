"""The stock operations that each type of trained layer becomes, in either direction.

FORMS has one entry for each type; `form_of` looks a layer up.
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import tensorflow as tf

from tfcomp.export import deployed_depthwise
from tfcomp.export.deployed_depthwise import OperationOfQuality
from tfcomp.export.deployed_layers import DeployedLayers, Operation, scaled_synthesis_kernel
from tfcomp.models import layers
from tfcomp.models.depthwise_block import DepthwiseBlock

_LEAK = 0.2  # of tf.nn.leaky_relu

# A step forwards: its output, and its pullback, the step that takes gradients back.
WithPullback = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, Operation]]


class LayerForm:
    """How one type of layer is deployed."""

    def analysis(self, build: DeployedLayers, layer: Any) -> OperationOfQuality:
        """The analysis direction."""
        raise NotImplementedError

    def synthesis(self, build: DeployedLayers, layer: Any) -> OperationOfQuality:
        """The synthesis direction."""
        raise NotImplementedError

    def with_pullback(self, build: DeployedLayers, layer: Any) -> WithPullback:
        """The synthesis: (y, quality) -> (output, function from its gradient to that of y)."""
        raise NotImplementedError


class _Convolution(LayerForm):
    def analysis(self, build: DeployedLayers, layer: Any) -> OperationOfQuality:
        return _whatever_quality(build.analysis_convolution(layer))

    def synthesis(self, build: DeployedLayers, layer: Any) -> OperationOfQuality:
        return _whatever_quality(build.synthesis_convolution(layer))

    def with_pullback(self, build: DeployedLayers, layer: Any) -> WithPullback:
        forward, backward = build.synthesis_convolution(layer), _adjoint(build, layer)
        return lambda y, quality: (forward(y), backward)


class _Normalisation(LayerForm):
    def analysis(self, build: DeployedLayers, layer: Any) -> OperationOfQuality:
        norm = build.normalisation(layer.analysis_beta_root, layer.analysis_gamma_root)
        return lambda x, quality: x / norm(x)

    def synthesis(self, build: DeployedLayers, layer: Any) -> OperationOfQuality:
        norm = build.normalisation(layer.synthesis_beta_root, layer.synthesis_gamma_root)
        return lambda y, quality: y * norm(y)

    def with_pullback(self, build: DeployedLayers, layer: Any) -> WithPullback:
        norm = build.normalisation(layer.synthesis_beta_root, layer.synthesis_gamma_root)
        gamma = np.square(layer.synthesis_gamma_root.numpy())
        adjoint = build.convolution(gamma.T[None, None], np.zeros(len(gamma)))

        def forward(y: tf.Tensor, quality: tf.Tensor) -> tuple[tf.Tensor, Operation]:
            del quality
            divisor = norm(y)

            def pullback(upstream: tf.Tensor) -> tf.Tensor:
                return upstream * divisor + tf.sign(y) * adjoint(upstream * y)

            return y * divisor, pullback

        return forward


class _ResidualBlock(LayerForm):
    def analysis(self, build: DeployedLayers, layer: Any) -> OperationOfQuality:
        first = build.analysis_convolution(layer.first)
        second = build.analysis_convolution(layer.second)
        return lambda x, quality: x + second(tf.nn.leaky_relu(first(x)))

    def synthesis(self, build: DeployedLayers, layer: Any) -> OperationOfQuality:
        first = build.synthesis_convolution(layer.first)
        second = build.synthesis_convolution(layer.second)
        return lambda y, quality: y + first(tf.nn.leaky_relu(second(y)))

    def with_pullback(self, build: DeployedLayers, layer: Any) -> WithPullback:
        parts = (layer.first, layer.second)
        first, second = (build.synthesis_convolution(each) for each in parts)
        first_adjoint, second_adjoint = (_adjoint(build, each) for each in parts)

        def forward(y: tf.Tensor, quality: tf.Tensor) -> tuple[tf.Tensor, Operation]:
            del quality
            hidden = second(y)

            def pullback(upstream: tf.Tensor) -> tf.Tensor:
                slope = tf.maximum(tf.sign(hidden), _LEAK)
                return upstream + second_adjoint(first_adjoint(upstream) * slope)

            return y + first(tf.nn.leaky_relu(hidden)), pullback

        return forward


class _DepthwiseBlock(LayerForm):
    """A block that only one direction has is the identity in the other."""

    def analysis(self, build: DeployedLayers, layer: Any) -> OperationOfQuality:
        if "analysis" not in layer.directions:
            return lambda x, quality: x
        return deployed_depthwise.analysis(build, layer)

    def synthesis(self, build: DeployedLayers, layer: Any) -> OperationOfQuality:
        if "synthesis" not in layer.directions:
            return lambda y, quality: y
        return deployed_depthwise.synthesis(build, layer)

    def with_pullback(self, build: DeployedLayers, layer: Any) -> WithPullback:
        if "synthesis" not in layer.directions:
            return lambda y, quality: (y, lambda upstream: upstream)
        return deployed_depthwise.with_pullback(build, layer)


FORMS: dict[type, LayerForm] = {
    layers.TiedConv2D: _Convolution(),
    layers.GDN: _Normalisation(),
    layers.TiedResidualBlock: _ResidualBlock(),
    DepthwiseBlock: _DepthwiseBlock(),
}


def form_of(layer: Any) -> LayerForm:
    """The form of a layer. Raises TypeError: its type has none."""
    if type(layer) not in FORMS:
        raise TypeError(f"no deployed form for {type(layer).__name__}")
    return FORMS[type(layer)]


def _whatever_quality(operation: Operation) -> OperationOfQuality:
    return lambda x, quality: operation(x)


def _adjoint(build: DeployedLayers, layer: layers.TiedConv2D) -> Operation:
    kernel = scaled_synthesis_kernel(layer)
    return build.convolution(kernel, np.zeros(kernel.shape[3]), layer.strides)
