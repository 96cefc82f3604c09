"""The trained transforms as plain modules of stock operations, ready for TFLite and SavedModel.

    encode   image -> convolutions, GDN, residual branches -> * gain_q -> round -> int32
    decode   int32 -> / gain_q -> convolutions + depth_to_space, IGDN ... -> image
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tfcomp.export.deployed_diffusion import DeployedDiffusion
from tfcomp.export.deployed_layers import DeployedLayers
from tfcomp.export.deployed_transforms import DeployedTransforms, of_gains, symbols
from tfcomp.export.layer_forms import form_of
from tfcomp.families.cycle.model import CycleModel


class DeployedCycle(DeployedTransforms):
    """The two transforms of a trained `CycleModel`.

    Args:
      model: the trained model.
      half: round the weights to what float16 holds, so that a float16 TFLite model and a
        SavedModel made of this module compute with the very same numbers.
      apart: see `DeployedLayers`.

    Attributes:
      encode, decode: see `DeployedTransforms`. Latents are int32; with a hyperprior `encode` gives
        them in float32 and not rounded, since the entropy model decides how to round, and `decode`
        takes them in eighths of a step.
    """

    takes_apart = True

    def __init__(self, model: CycleModel, half: bool = False, apart: bool = False) -> None:
        build = DeployedLayers(half, apart)
        self.apart = apart
        gain = np.exp(model.log_gain.numpy())
        channels = gain.shape[1]
        kind, steps = model.prior.kind, model.prior.quality_steps
        gains = of_gains(build, gain, steps)
        step_sizes = of_gains(build, 1.0 / gain / kind.latent_units, steps)
        stages = [
            [form_of(layer).analysis(build, layer) for layer in stage] for stage in model.levels
        ]
        correct = build.correction(model.correction) if model.correction else None
        smooth = DeployedDiffusion(build, model.diffusion).smooth if model.diffusion else None
        synthesis = [
            form_of(layer).synthesis(build, layer)
            for stage in reversed(model.levels)
            for layer in reversed(stage)
        ]

        def analyse(x: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
            for stage in stages:
                features = x
                for layer in stage:
                    x = layer(x, quality)
            if correct:
                x += correct(features, quality)
            latents = x * gains(quality)
            return symbols(latents) if kind.rounds else latents

        def synthesise(latents: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
            y = tf.cast(latents, tf.float32) * step_sizes(quality)
            for layer in synthesis:
                features = y
                y = layer(y, quality)
            return smooth(y, features, quality) if smooth else y

        super().__init__("deployed_codec", channels, analyse, synthesise, steps, model.image)


DeployedCodec = DeployedCycle  # its other name, for a release
