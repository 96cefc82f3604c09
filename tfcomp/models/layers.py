"""Layers of both directions: analysis (encoder) and synthesis (decoder).

    analysis   x --conv(K)--> * scale_a --> + bias_a --> y
    synthesis  y --conv_transpose(K)--> * scale_s --> + bias_s --> x

K is ONE variable. A convolution and its transpose are adjoint linear maps, so an orthonormal K
makes the synthesis the exact inverse of the analysis; training starts near that.

`analysis_variables` are the variables of a layer that only the encoder uses: these can be trained
further without a change to any decoder.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow import keras

from tfcomp.models import convolution
from tfcomp.models.two_way_layer import TwoWayLayer

PACKAGE = "tfcomp"


@keras.utils.register_keras_serializable(package=PACKAGE)
class TiedConv2D(TwoWayLayer):
    """A convolution and its mirror image, sharing one kernel.

    Args:
      filters: output channels of the analysis direction.
      kernel_size: side of the square kernel.
      strides: down-sampling factor of the analysis direction.
      tied: whether the directions share the kernel; else the synthesis has one of its own.
      scale_initializer: of the per-channel scales of both directions, or one for each; zeros let
        residual branches start as the identity.
    """

    settings = ("filters", "kernel_size", "strides", "tied", "scale_initializer")

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        strides: int = 1,
        tied: bool = True,
        scale_initializer: str | tuple[str, str] = "ones",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = int(filters)
        self.kernel_size = int(kernel_size)
        self.strides = int(strides)
        self.tied = bool(tied)
        if isinstance(scale_initializer, str):
            scale_initializer = (scale_initializer, scale_initializer)
        self.scale_initializer = tuple(scale_initializer)

    def build(self, input_shape: tf.TensorShape) -> None:
        inputs = self.input_channels = int(input_shape[-1])
        shape = (self.kernel_size, self.kernel_size, inputs, self.filters)
        analysis_scale, synthesis_scale = self.scale_initializer
        self.kernel = self.weight("kernel", shape, "glorot_normal")
        self.synthesis_kernel = self.kernel
        if not self.tied:
            self.synthesis_kernel = self.weight("synthesis_kernel", shape, "glorot_normal")
        self.analysis_bias = self.weight("analysis_bias", (self.filters,))
        self.analysis_scale = self.weight("analysis_scale", (self.filters,), analysis_scale)
        self.synthesis_bias = self.weight("synthesis_bias", (inputs,))
        self.synthesis_scale = self.weight("synthesis_scale", (inputs,), synthesis_scale)
        super().build(input_shape)

    @property
    def analysis_variables(self) -> list[tf.Variable]:
        """The variables that only the analysis direction uses."""
        own = [] if self.tied else [self.kernel]
        return [*own, self.analysis_bias, self.analysis_scale]

    def analysis(self, x: tf.Tensor, quality: tf.Tensor | None = None) -> tf.Tensor:
        """[B, H, W, C_in] -> [B, H/strides, W/strides, filters]; H, W divisible by strides."""
        return convolution.scaled(
            x, self.kernel, self.analysis_scale, self.analysis_bias, self.strides
        )

    def synthesis(self, y: tf.Tensor, quality: tf.Tensor | None = None) -> tf.Tensor:
        """[B, h, w, filters] -> [B, h*strides, w*strides, C_in]."""
        return convolution.scaled_transposed(
            y, self.synthesis_kernel, self.synthesis_scale, self.synthesis_bias, self.strides
        )


@keras.utils.register_keras_serializable(package=PACKAGE)
class TiedResidualBlock(TwoWayLayer):
    """Residual block (He et al. 2016, arXiv:1512.03385) with its mirror image.

        analysis   x -+- conv(A) - leaky ReLU - conv(B) --------------+-> y
                      +-----------------------------------------------+
        synthesis  y -+- conv_transpose(B) - leaky ReLU - conv_transpose(A) -+-> x
                      +------------------------------------------------------+

    The last scale of each branch starts at 0, so both directions start as the identity (ReZero,
    Bachlechner et al. 2020, arXiv:2003.04887).
    """

    settings = ("kernel_size", "tied")

    def __init__(self, kernel_size: int = 3, tied: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel_size = int(kernel_size)
        self.tied = bool(tied)

    def build(self, input_shape: tf.TensorShape) -> None:
        channels = int(input_shape[-1])

        def tied(name: str, scales: tuple[str, str]) -> TiedConv2D:
            return TiedConv2D(
                channels,
                self.kernel_size,
                tied=self.tied,
                scale_initializer=scales,
                name=name,
                dtype=self.dtype_policy,
            )

        self.first = tied("first", ("ones", "zeros"))
        self.second = tied("second", ("zeros", "ones"))
        self.first.build(input_shape)
        self.second.build(input_shape)
        super().build(input_shape)

    @property
    def analysis_variables(self) -> list[tf.Variable]:
        """The variables that only the analysis direction uses."""
        return [*self.first.analysis_variables, *self.second.analysis_variables]

    def analysis(self, x: tf.Tensor, quality: tf.Tensor | None = None) -> tf.Tensor:
        """[B, H, W, C] -> the same shape."""
        return x + self.second.analysis(convolution.leaky_relu(self.first.analysis(x)))

    def synthesis(self, y: tf.Tensor, quality: tf.Tensor | None = None) -> tf.Tensor:
        """[B, H, W, C] -> the same shape."""
        return y + self.first.synthesis(convolution.leaky_relu(self.second.synthesis(y)))


@keras.utils.register_keras_serializable(package=PACKAGE)
class GDN(TwoWayLayer):
    """Generalised divisive normalisation, L1 form (Johnston et al. 2019, arXiv:1912.08771).

        analysis   y_i = x_i / (beta_i + sum_j gamma_ij |x_j|)
        synthesis  x_i = y_i * (beta'_i + sum_j gamma'_ij |y_j|)

    beta and gamma are squares of the trained variables, hence never negative; gamma starts near 0
    so that synthesis starts as the inverse of analysis. Written in plain operations so that it
    exports to SavedModel and TFLite as it is.
    """

    MINIMUM_BETA = 1e-4

    def build(self, input_shape: tf.TensorShape) -> None:
        channels = int(input_shape[-1])

        def gamma_initializer(shape: tuple[int, ...], dtype: tf.DType | None = None) -> tf.Tensor:
            return tf.fill(shape, tf.cast(1e-3, dtype or tf.float32))

        for direction in ("analysis", "synthesis"):
            beta, gamma = f"{direction}_beta_root", f"{direction}_gamma_root"
            setattr(self, beta, self.weight(beta, (channels,), "ones"))
            setattr(self, gamma, self.weight(gamma, (channels, channels), gamma_initializer))
        super().build(input_shape)

    def _norm(self, x: tf.Tensor, beta_root: tf.Variable, gamma_root: tf.Variable) -> tf.Tensor:
        gamma = tf.cast(tf.square(gamma_root), x.dtype)
        beta = tf.cast(tf.square(beta_root) + self.MINIMUM_BETA, x.dtype)
        return tf.nn.bias_add(convolution.convolve(tf.abs(x), gamma[None, None]), beta)

    @property
    def analysis_variables(self) -> list[tf.Variable]:
        """The variables that only the analysis direction uses."""
        return [self.analysis_beta_root, self.analysis_gamma_root]

    def analysis(self, x: tf.Tensor, quality: tf.Tensor | None = None) -> tf.Tensor:
        """[B, H, W, C] -> the same shape."""
        return convolution.divide(
            x, self._norm(x, self.analysis_beta_root, self.analysis_gamma_root)
        )

    def synthesis(self, y: tf.Tensor, quality: tf.Tensor | None = None) -> tf.Tensor:
        """[B, H, W, C] -> the same shape."""
        return y * self._norm(y, self.synthesis_beta_root, self.synthesis_gamma_root)
