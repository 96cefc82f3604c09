"""The decoder's derivative, for encoders that improve latents (tfcomp/latent_search/rounds.py).

    latents --------- g_s, layer by layer, what each saw kept -------> picture
                             |      |      |      |
    gradient <-- every layer's Jacobian, transposed, last to first <-- error

A transposed convolution's adjoint is the convolution with its kernel; the others are written out
below. Stock operations only, so that encoders need no TensorFlow for gradients.
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import tensorflow as tf

from tfcomp.bitstream.hyperprior_sections import MEAN_UNITS
from tfcomp.export import deployed_depthwise
from tfcomp.export.deployed_diffusion import DeployedDiffusion
from tfcomp.export.deployed_layers import DeployedLayers, Operation, scaled_synthesis_kernel
from tfcomp.models import layers
from tfcomp.models.cycle import CycleModel
from tfcomp.models.depthwise_block import EncoderBlock, TiedDepthwiseBlock

_LEAK = 0.2  # of tf.nn.leaky_relu

# A step forwards: what it gives, and the step that takes gradients back.
WithPullback = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, Operation]]


class DeployedGradient(tf.Module):
    """Where a picture's error says that latents should go, of a trained `CycleModel`.

    Args:
      model: the trained model, with a hyperprior.

    Attributes:
      gradient: tf.function, (error float32 [1, H, W, 3]: decoded minus original, in grey levels;
        latents int32 [1, h, w, C] that were decoded, in eighths of a step; quality int32 [1]) ->
        {"gradient": float32 [1, h, w, C], in steps}; H and W multiples of the stride.

    The gradient is -J^T error / step^2, J the decoder's Jacobian by its latents in steps and step^2
    = 18 / (lambda ln 2) the square of a quantisation step in grey levels that the quality's lambda
    asks for (tfcomp/models/cycle.py): were the decoder orthogonal, adding it would undo the error.
    It is what is left of the gradient of lambda * squared error once constants are chosen so.
    """

    def __init__(self, model: CycleModel) -> None:
        super().__init__(name="deployed_gradient")
        build = DeployedLayers(half=False)
        step_size = build.constant(np.exp(-model.log_gain.numpy()))
        inverse_square = model.lambdas * np.log(2.0) / 18.0
        # Errors come in grey levels, and the layers make pictures of 0..1.
        weight = build.constant(-255.0 * inverse_square)
        synthesis = [
            _with_pullback(build, layer)
            for stage in reversed(model.levels)
            for layer in reversed(stage)
            if not isinstance(layer, EncoderBlock)
        ]
        diffusion = DeployedDiffusion(build, model.diffusion) if model.diffusion else None

        def gradient(
            error: tf.Tensor, latents: tf.Tensor, quality: tf.Tensor
        ) -> dict[str, tf.Tensor]:
            steps = tf.gather(step_size, quality - 1)
            y = tf.cast(latents, tf.float32) * (steps / MEAN_UNITS)
            pullbacks = []
            for layer in synthesis:
                features = y
                y, pullback = layer(y, quality)
                pullbacks.append(pullback)
            if diffusion:
                pullbacks.append(diffusion.with_pullback(y, features, quality)[1])
            upstream = error
            for pullback in reversed(pullbacks):
                upstream = pullback(upstream)
            return {"gradient": upstream * (steps * tf.gather(weight, quality - 1))}

        self.gradient = tf.function(
            gradient,
            [
                tf.TensorSpec([1, None, None, 3], tf.float32, name="error"),
                tf.TensorSpec([1, None, None, step_size.shape[1]], tf.int32, name="latents"),
                tf.TensorSpec([1], tf.int32, name="quality"),
            ],
        )


def _with_pullback(build: DeployedLayers, layer: Any) -> WithPullback:
    """A layer's synthesis: y, quality -> output, and gradient by that -> gradient by y."""
    if isinstance(layer, TiedDepthwiseBlock):
        return deployed_depthwise.with_pullback(build, layer)
    if isinstance(layer, layers.TiedConv2D):
        forward, backward = build.synthesis_convolution(layer), _adjoint(build, layer)
        return lambda y, quality: (forward(y), backward)
    if isinstance(layer, layers.GDN):
        return _normalisation(build, layer)
    if isinstance(layer, layers.TiedResidualBlock):
        return _residual_block(build, layer)
    raise TypeError(f"no derivative for {type(layer).__name__}")


def _adjoint(build: DeployedLayers, layer: layers.TiedConv2D) -> Operation:
    kernel = scaled_synthesis_kernel(layer)
    return build.convolution(kernel, np.zeros(kernel.shape[3]), layer.strides)


def _normalisation(build: DeployedLayers, layer: layers.GDN) -> WithPullback:
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


def _residual_block(build: DeployedLayers, layer: layers.TiedResidualBlock) -> WithPullback:
    first, second = (build.synthesis_convolution(each) for each in (layer.first, layer.second))
    first_adjoint, second_adjoint = (_adjoint(build, each) for each in (layer.first, layer.second))

    def forward(y: tf.Tensor, quality: tf.Tensor) -> tuple[tf.Tensor, Operation]:
        del quality
        hidden = second(y)

        def pullback(upstream: tf.Tensor) -> tf.Tensor:
            slope = tf.maximum(tf.sign(hidden), _LEAK)
            return upstream + second_adjoint(first_adjoint(upstream) * slope)

        return y + first(tf.nn.leaky_relu(hidden)), pullback

    return forward
