"""A trained step of anisotropic diffusion as stock operations, forwards and backwards.

tfcomp/models/anisotropic_diffusion.py describes the step. Its convolutions are depthwise for
LiteRT's sake: as a full convolution, D would need 72 bytes a pixel for its indirection buffer,
three times as many as a depthwise one, and D^T, with three outputs, as many and twice the time.
"""

from __future__ import annotations

from typing import Callable

import numpy as np
import tensorflow as tf

from tfcomp.entropy import integer_layers
from tfcomp.export.deployed_layers import DeployedLayers
from tfcomp.models import anisotropic_diffusion
from tfcomp.models.anisotropic_diffusion import AnisotropicDiffusion

_SHARPNESS = anisotropic_diffusion.SHARPNESS


class DeployedDiffusion:
    """The step with its weights as constants.

    Args:
      build: a `DeployedLayers`, which makes the constants.
      layer: a trained `AnisotropicDiffusion`.
    """

    def __init__(self, build: DeployedLayers, layer: AnisotropicDiffusion) -> None:
        kernel = anisotropic_diffusion.difference_kernel(layer.colours)
        own_colour = np.abs(kernel[1:2, 1:2])
        depthwise = kernel.sum(2)[..., None]
        self._colours_of = build.constant(own_colour)
        self._difference = build.constant(depthwise)
        self._backwards = build.constant(-depthwise[::-1, ::-1])
        self._sum_of = build.constant(own_colour.transpose(0, 1, 3, 2))
        spread = anisotropic_diffusion.spread_kernel(layer.colours)
        self._spread = build.constant(spread)
        self._gather = build.constant(spread.transpose(0, 1, 3, 2))
        self._first, self._second = (
            build.convolution(kernel.numpy(), bias.numpy())
            for kernel, bias in (layer.first, layer.second)
        )
        mean = np.square(layer.mean_root.numpy())
        colours = np.square(layer.colour_root.numpy())[None, None]
        self._mean, self._colours = build.constant(mean), build.constant(colours)
        self._mean_transposed = build.constant(mean[::-1, ::-1])
        self._colours_transposed = build.constant(colours.transpose(0, 1, 3, 2))
        self._scale = build.constant(np.exp(layer.log_scale.numpy()) / _SHARPNESS)
        self._strength = build.constant(layer.strength.numpy())

    def smooth(self, picture: tf.Tensor, features: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """See `AnisotropicDiffusion.synthesis`."""
        return self.with_pullback(picture, features, quality)[0]

    def with_pullback(
        self, picture: tf.Tensor, features: tf.Tensor, quality: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        """The smoothed picture and its pullback, the function that takes gradients back through it.

        The pullback treats as constants the contrast, which follows from the features and whose
        part of the gradient is small beside quantisation, and the pixels repeated beyond the edges.

        Returns:
          float32 [1, H, W, C], and a function from its gradient to that of `picture`, both of
          this shape.
        """
        padded = _convolve(integer_layers.pad_edges(picture, 1), self._colours_of)
        differences = _depthwise(padded, self._difference, "VALID")
        contrast = tf.nn.depth_to_space(self._second(tf.nn.leaky_relu(self._first(features))), 2)
        distance = _convolve(_depthwise(tf.square(differences), self._mean), self._colours)
        sensitivity = tf.square(contrast)
        distance *= sensitivity
        scale = tf.gather(self._scale, quality - 1)
        nearness = 1.0 / (1.0 + distance * scale)
        weight = nearness
        for _ in range(int(np.log2(_SHARPNESS))):
            weight = tf.square(weight)
        weight *= tf.gather(self._strength, quality - 1)
        spread = _convolve(weight, self._spread)
        received = _depthwise(differences * spread, self._backwards)

        def pullback(gradient: tf.Tensor) -> tf.Tensor:
            by_flow = -_depthwise(_convolve(gradient, self._colours_of), self._difference)
            by_weight = _convolve(by_flow * differences, self._gather)
            by_distance = -_SHARPNESS * by_weight * weight * nearness * scale * sensitivity
            by_square = _depthwise(
                _convolve(by_distance, self._colours_transposed), self._mean_transposed
            )
            by_difference = by_flow * spread + 2.0 * differences * by_square
            # `backwards` is the adjoint of `difference`, with its sign changed.
            return gradient - _convolve(_depthwise(by_difference, self._backwards), self._sum_of)

        return picture + _convolve(received, self._sum_of), pullback


def _convolve(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    return tf.nn.conv2d(x, kernel, 1, "SAME")


def _depthwise(x: tf.Tensor, kernel: tf.Tensor, padding: str = "SAME") -> tf.Tensor:
    return tf.nn.depthwise_conv2d(x, kernel, (1, 1, 1, 1), padding)
