"""Trained layers as functions of constants: the stock operations of deployed networks.

Per-channel scales are folded into the kernels, and every strided transposed convolution becomes
the ordinary convolutions it equals (transposed_convolution.py). TFLite runs these several times
faster.
"""

from __future__ import annotations

from typing import Callable

import numpy as np
import tensorflow as tf

from tfcomp.export import eight_bit_kernels
from tfcomp.export.transposed_convolution import (
    FEWEST_CHANNELS_IN_PHASES,
    block_kernel,
    split,
    subpixel_kernel,
    upsample,
    upsample_in_blocks,
)
from tfcomp.models import layers
from tfcomp.models.analysis_correction import AnalysisCorrection

# float32 [B, h, w, C] -> float32 [B, h', w', C'].
Operation = Callable[[tf.Tensor], tf.Tensor]


class DeployedLayers:
    """Turns trained layers into functions of constants, one direction at a time.

    Args:
      half: round every weight to what float16 holds.
      apart: whether transposed strided convolutions compute with their first channels by
        themselves, for `eight_bit_kernels`.
    """

    def __init__(self, half: bool, apart: bool = False) -> None:
        self.half, self.apart = half, apart

    def constant(self, values: np.ndarray) -> tf.Tensor:
        values = np.asarray(values, np.float32)
        return tf.constant(values.astype(np.float16).astype(np.float32) if self.half else values)

    def convolution(self, kernel: np.ndarray, bias: np.ndarray, strides: int = 1) -> Operation:
        kernel, bias = self.constant(kernel), self.constant(bias)
        return lambda x: tf.nn.bias_add(tf.nn.conv2d(x, kernel, strides, "SAME"), bias)

    def analysis_convolution(self, layer: layers.TiedConv2D) -> Operation:
        kernel = layer.kernel.numpy() * layer.analysis_scale.numpy()
        return self.convolution(kernel, layer.analysis_bias.numpy(), layer.strides)

    def synthesis_convolution(self, layer: layers.TiedConv2D) -> Operation:
        kernel, bias = scaled_synthesis_kernel(layer), layer.synthesis_bias.numpy()
        if layer.strides == 1:
            # With stride 1 the transpose is a convolution with the kernel rotated by 180 degrees.
            return self.convolution(kernel[::-1, ::-1].transpose(0, 1, 3, 2), bias)
        first = eight_bit_kernels.FLOAT_CHANNELS if self.apart else 0
        if not 0 < first < kernel.shape[3]:
            return self._transposed(kernel, bias, layer.strides)
        coarse = self._transposed(kernel[..., :first], bias, layer.strides)
        fine = self._transposed(kernel[..., first:], np.zeros_like(bias), layer.strides)
        return lambda y: coarse(y[..., :first]) + fine(y[..., first:])

    def _transposed(self, kernel: np.ndarray, bias: np.ndarray, strides: int) -> Operation:
        if strides != 2:
            return self.transposed_in_blocks(kernel, bias, strides)
        return self.transposed_convolution(kernel, bias)

    def transposed_in_blocks(self, kernel: np.ndarray, bias: np.ndarray, stride: int) -> Operation:
        """A transposed convolution of any even stride; kernel [k, k, C_out, C_in], bias [C_out]."""
        packed = self.constant(block_kernel(kernel, stride))
        bias, count = self.constant(np.tile(bias, stride**2)), len(packed)

        def convolve(y: tf.Tensor) -> tf.Tensor:
            return tf.nn.bias_add(tf.nn.conv2d(y, packed, 1, "VALID"), bias)

        return lambda y: upsample_in_blocks(y, convolve, count, stride)

    def transposed_convolution(self, kernel: np.ndarray, bias: np.ndarray) -> Operation:
        """A transposed convolution of stride 2; kernel [k, k, C_out, C_in], bias [C_out]."""
        if kernel.shape[2] < FEWEST_CHANNELS_IN_PHASES:
            convolve = self.convolution(subpixel_kernel(kernel), np.tile(bias, 4))
            return lambda y: tf.nn.depth_to_space(convolve(y), 2)
        bias = self.constant(bias)
        phases = [phase._replace(kernel=self.constant(phase.kernel)) for phase in split(kernel)]
        return lambda y: tf.nn.bias_add(upsample(y, phases), bias)

    def normalisation(self, beta_root: tf.Variable, gamma_root: tf.Variable) -> Operation:
        gamma = np.square(gamma_root.numpy())[None, None]
        beta = np.square(beta_root.numpy()) + layers.GDN.MINIMUM_BETA
        convolve = self.convolution(gamma, beta)
        return lambda x: convolve(tf.abs(x))

    def correction(self, layer: AnalysisCorrection) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
        """An `AnalysisCorrection`."""
        blocks = []
        for (kernel, bias), (second_kernel, second_bias), scale in layer.blocks:
            first = self.convolution(kernel.numpy(), bias.numpy())
            second = self.convolution(
                second_kernel.numpy() * scale.numpy(), second_bias.numpy() * scale.numpy()
            )
            blocks.append((first, second))
        kernel, bias = layer.last
        last = self.convolution(kernel.numpy(), bias.numpy(), strides=2)
        quality_scale = self.constant(layer.quality_scale.numpy())

        def correct(x: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
            for first, second in blocks:
                x += second(tf.nn.leaky_relu(first(x)))
            return last(x) * tf.gather(quality_scale, quality - 1)

        return correct


def scaled_synthesis_kernel(layer: layers.TiedConv2D) -> np.ndarray:
    """A `TiedConv2D`'s synthesis kernel [k, k, C_out, C_in], its trained scale folded in."""
    # The scale multiplies the output channels, which stand third in the kernel.
    return layer.synthesis_kernel.numpy() * layer.synthesis_scale.numpy()[:, None]
