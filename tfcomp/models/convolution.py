"""Convolutions and their adjoints, quick to train on a CPU.

TensorFlow computes a transposed convolution, and the gradient of a convolution by its input, with
kernels that run at half a convolution's speed there. At stride 1 both are convolutions with the
mirrored kernel, and are computed as such.
"""

from __future__ import annotations

from typing import Callable

import tensorflow as tf


def convolve(x: tf.Tensor, kernel: tf.Tensor, strides: int = 1) -> tf.Tensor:
    """[B, H, W, C_in], kernel [k, k, C_in, C_out] -> [B, H/strides, W/strides, C_out].

    SAME padding; H and W divisible by strides.
    """
    kernel = tf.convert_to_tensor(kernel)  # custom gradients take no variables
    if _mirrors(kernel, strides):
        return _convolve(x, kernel)
    return tf.nn.conv2d(x, kernel, strides, "SAME")


def convolve_transposed(y: tf.Tensor, kernel: tf.Tensor, strides: int = 1) -> tf.Tensor:
    """[B, h, w, C_out] -> [B, h*strides, w*strides, C_in]: the adjoint of `convolve`."""
    if _mirrors(kernel, strides):
        return _convolve(y, _mirrored(kernel))
    shape = tf.shape(y)
    larger = [shape[0], shape[1] * strides, shape[2] * strides, kernel.shape[2]]
    return tf.nn.conv2d_transpose(y, kernel, larger, strides, "SAME")


def depthwise(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Each channel with its own k x k kernel: [B, H, W, C], [k, k, C, 1] -> [B, H, W, C]."""
    return tf.nn.depthwise_conv2d(x, tf.convert_to_tensor(kernel), (1, 1, 1, 1), "SAME")


def depthwise_transposed(y: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """The adjoint of `depthwise`, k odd: [B, H, W, C] -> the same shape."""
    return depthwise(y, tf.reverse(kernel, [0, 1]))


def _mirrors(kernel: tf.Tensor, strides: int) -> bool:
    return strides == 1 and kernel.shape[0] % 2 == 1


def _mirrored(kernel: tf.Tensor) -> tf.Tensor:
    return tf.transpose(tf.reverse(kernel, [0, 1]), [0, 1, 3, 2])


@tf.custom_gradient
def _convolve(x: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Callable]:
    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        by_kernel = tf.raw_ops.Conv2DBackpropFilter(
            input=x,
            filter_sizes=tf.shape(kernel),
            out_backprop=upstream,
            strides=[1, 1, 1, 1],
            padding="SAME",
        )
        return tf.nn.conv2d(upstream, _mirrored(kernel), 1, "SAME"), by_kernel

    return tf.nn.conv2d(x, kernel, 1, "SAME"), gradient
