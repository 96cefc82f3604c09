"""The decoder's derivative, for encoders that improve latents (tfcomp/latent_search/rounds.py).

    latents ------- g_s, layer by layer, each input kept -----------> picture
                             |      |      |      |
    gradient <-- every layer's Jacobian, transposed, last to first <-- error

A transposed convolution's adjoint is the convolution with its kernel; the others are written out
in layer_forms.py. Stock operations only, so that encoders need no TensorFlow for gradients.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tfcomp.entropy.quality_levels import level_of
from tfcomp.export.deployed_diffusion import DeployedDiffusion
from tfcomp.export.deployed_layers import DeployedLayers
from tfcomp.export.deployed_transforms import of_gains
from tfcomp.export.layer_forms import form_of
from tfcomp.families.cycle.model import CycleModel


class DeployedGradient(tf.Module):
    """The direction in which latents lower a picture's error, for a trained `CycleModel`.

    Args:
      model: the trained model, with a hyperprior.

    Attributes:
      gradient: tf.function, (error float32 [1, H, W, channels]: decoded minus original, in samples'
        units;
        latents int32 [1, h, w, C] that were decoded, in eighths of a step; quality int32 [1]) ->
        {"gradient": float32 [1, h, w, C], in steps}; H and W multiples of the stride.

    The gradient is -J^T error / step^2, with J the decoder's Jacobian by its latents in steps, and
    step^2 = 6 channels / (lambda ln 2) the square of the quality's best quantisation step in
    255ths of the range (model.py). It is the gradient of lambda * squared error with constants
    chosen so that adding it would undo the error of an orthogonal decoder.
    """

    def __init__(self, model: CycleModel) -> None:
        super().__init__(name="deployed_gradient")
        build, units = DeployedLayers(half=False), model.prior.kind.latent_units
        quality_steps = model.prior.quality_steps
        channels = model.log_gain.shape[1]
        step_sizes = of_gains(build, np.exp(-model.log_gain.numpy()), quality_steps)
        inverse_square = model.lambdas * np.log(2.0) / (6.0 * model.image.channels)
        # Errors are in samples' units, steps in 255ths of their range, layers' pictures in 0..1.
        unit = 255.0 / model.image.peak
        weights = of_gains(build, 255.0 * unit * inverse_square, quality_steps)
        synthesis = [
            form_of(layer).with_pullback(build, layer)
            for stage in reversed(model.levels)
            for layer in reversed(stage)
        ]
        diffusion = DeployedDiffusion(build, model.diffusion) if model.diffusion else None

        def gradient(
            error: tf.Tensor, latents: tf.Tensor, quality: tf.Tensor
        ) -> dict[str, tf.Tensor]:
            quality = level_of(quality, quality_steps)
            steps = step_sizes(quality)
            y = tf.cast(latents, tf.float32) * (steps / units)
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
            return {"gradient": upstream * (steps * -weights(quality))}

        self.gradient = tf.function(
            gradient,
            [
                tf.TensorSpec([1, None, None, model.image.channels], tf.float32, name="error"),
                tf.TensorSpec([1, None, None, channels], tf.int32, name="latents"),
                tf.TensorSpec([1], tf.int32, name="quality"),
            ],
        )
