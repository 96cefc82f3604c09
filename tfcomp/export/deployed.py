"""The trained transforms as plain modules of stock operations, ready for TFLite and SavedModel.

    encode   uint8 image -> convolutions, GDN, residual branches -> * gain_q -> round -> int32
    decode   int32 -> / gain_q -> convolutions + depth_to_space, IGDN ... -> uint8 image

Per-channel scales are folded into the kernels, and every strided transposed convolution becomes
the ordinary convolutions it equals (transposed_convolution.py). TFLite runs these several times
faster.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tfcomp.bitstream.hyperprior_sections import MEAN_UNITS
from tfcomp.entropy.hyperprior import Hyperprior
from tfcomp.export.deployed_diffusion import DeployedDiffusion
from tfcomp.export.deployed_transforms import DeployedTransforms, symbols
from tfcomp.export.transposed_convolution import (
    FEWEST_CHANNELS_IN_PHASES,
    split,
    subpixel_kernel,
    upsample,
)
from tfcomp.models import layers


class DeployedLayers:
    """Turns trained layers into functions of constants, one direction at a time.

    Args:
      half: round every weight to what float16 holds.
    """

    def __init__(self, half):
        self.half = half

    def constant(self, values):
        values = np.asarray(values, np.float32)
        return tf.constant(values.astype(np.float16).astype(np.float32) if self.half else values)

    def convolution(self, kernel, bias, strides=1):
        kernel, bias = self.constant(kernel), self.constant(bias)
        return lambda x: tf.nn.bias_add(tf.nn.conv2d(x, kernel, strides, "SAME"), bias)

    def analysis_convolution(self, layer):
        kernel = layer.kernel.numpy() * layer.analysis_scale.numpy()
        return self.convolution(kernel, layer.analysis_bias.numpy(), layer.strides)

    def synthesis_convolution(self, layer):
        kernel, bias = scaled_synthesis_kernel(layer), layer.synthesis_bias.numpy()
        if layer.strides == 1:
            # The transpose of a stride-1 convolution is one with the kernel turned round.
            return self.convolution(kernel[::-1, ::-1].transpose(0, 1, 3, 2), bias)
        if layer.strides != 2:
            raise ValueError(f"no sub-pixel form for stride {layer.strides}")
        return self.transposed_convolution(kernel, bias)

    def transposed_convolution(self, kernel, bias):
        """Of stride 2; kernel [k, k, C_out, C_in], bias [C_out]."""
        if kernel.shape[2] < FEWEST_CHANNELS_IN_PHASES:
            convolve = self.convolution(subpixel_kernel(kernel), np.tile(bias, 4))
            return lambda y: tf.nn.depth_to_space(convolve(y), 2)
        bias = self.constant(bias)
        phases = [phase._replace(kernel=self.constant(phase.kernel)) for phase in split(kernel)]
        return lambda y: tf.nn.bias_add(upsample(y, phases), bias)

    def normalisation(self, beta_root, gamma_root):
        gamma = np.square(gamma_root.numpy())[None, None]
        beta = np.square(beta_root.numpy()) + layers.GDN.MINIMUM_BETA
        convolve = self.convolution(gamma, beta)
        return lambda x: convolve(tf.abs(x))

    def analysis(self, layer):
        """The layer's analysis direction."""
        if isinstance(layer, layers.TiedConv2D):
            return self.analysis_convolution(layer)
        if isinstance(layer, layers.GDN):
            norm = self.normalisation(layer.analysis_beta_root, layer.analysis_gamma_root)
            return lambda x: x / norm(x)
        if isinstance(layer, layers.TiedResidualBlock):
            first = self.analysis_convolution(layer.first)
            second = self.analysis_convolution(layer.second)
            return lambda x: x + second(tf.nn.leaky_relu(first(x)))
        raise TypeError(f"no deployed form for {type(layer).__name__}")

    def correction(self, layer):
        """An `AnalysisCorrection`."""
        blocks = []
        for (kernel, bias), second, scale in layer.blocks:
            first = self.convolution(kernel.numpy(), bias.numpy())
            second = self.convolution(*(weights.numpy() * scale.numpy() for weights in second))
            blocks.append((first, second))
        last = self.convolution(*(weights.numpy() for weights in layer.last), strides=2)
        quality_scale = self.constant(layer.quality_scale.numpy())

        def correct(x, quality):
            for first, second in blocks:
                x += second(tf.nn.leaky_relu(first(x)))
            return last(x) * tf.gather(quality_scale, quality - 1)

        return correct

    def synthesis(self, layer):
        """The layer's synthesis direction."""
        if isinstance(layer, layers.TiedConv2D):
            return self.synthesis_convolution(layer)
        if isinstance(layer, layers.GDN):
            norm = self.normalisation(layer.synthesis_beta_root, layer.synthesis_gamma_root)
            return lambda y: y * norm(y)
        if isinstance(layer, layers.TiedResidualBlock):
            first = self.synthesis_convolution(layer.first)
            second = self.synthesis_convolution(layer.second)
            return lambda y: y + first(tf.nn.leaky_relu(second(y)))
        raise TypeError(f"no deployed form for {type(layer).__name__}")


def scaled_synthesis_kernel(layer):
    """A `TiedConv2D`'s synthesis kernel [k, k, C_out, C_in], its trained scale folded in."""
    # The scale multiplies the output channels, which stand third in the kernel.
    return layer.synthesis_kernel.numpy() * layer.synthesis_scale.numpy()[:, None]


class DeployedCodec(DeployedTransforms):
    """The two transforms of a trained `CycleModel`.

    Args:
      model: the trained model.
      half: round the weights to what float16 holds, so that a float16 TFLite model and a
        SavedModel made of this module compute with the very same numbers.

    Attributes:
      encode, decode: see `DeployedTransforms`. Latents are int32; with a hyperprior `encode` gives
        them in float32 and not rounded, since how they are depends on the entropy model, and
        `decode` takes them in eighths of a step.
    """

    def __init__(self, model, half=False):
        build = DeployedLayers(half)
        gain = np.exp(model.log_gain.numpy())
        channels = gain.shape[1]
        hyperprior = isinstance(model.prior, Hyperprior)
        units = MEAN_UNITS if hyperprior else 1
        gain, step_size = build.constant(gain), build.constant(1.0 / gain / units)
        stages = [[build.analysis(layer) for layer in stage] for stage in model.levels]
        correct = build.correction(model.correction) if model.correction else None
        smooth = DeployedDiffusion(build, model.diffusion).smooth if model.diffusion else None
        synthesis = [
            build.synthesis(layer) for stage in reversed(model.levels) for layer in reversed(stage)
        ]

        def analyse(x, quality):
            for stage in stages:
                features = x
                for layer in stage:
                    x = layer(x)
            if correct:
                x += correct(features, quality)
            latents = x * tf.gather(gain, quality - 1)
            return latents if hyperprior else symbols(latents)

        def synthesise(latents, quality):
            y = tf.cast(latents, tf.float32) * tf.gather(step_size, quality - 1)
            for layer in synthesis:
                features = y
                y = layer(y)
            return smooth(y, features, quality) if smooth else y

        super().__init__("deployed_codec", channels, analyse, synthesise)
