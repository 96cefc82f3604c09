"""Convolutions and their adjoints, quick to train on a CPU.

On a CPU TensorFlow's transposed convolutions, and the gradients of convolutions by their input, run
at half the speed of convolutions. At stride 1 both are convolutions with the mirrored kernel, and
are computed as such here.

Where channels are few, the operations after a convolution cost as much as the convolution. So a
channel's scale is multiplied into the kernel, and no gradient needs a value between the convolution
and its activation: TensorFlow then computes convolution, bias and activation in one operation.
"""

from __future__ import annotations

from typing import Any, Callable

import tensorflow as tf

_LARGE_KERNEL = 2**18


def convolve(x: tf.Tensor, kernel: tf.Tensor, strides: int = 1) -> tf.Tensor:
    """[B, H, W, C_in], kernel [k, k, C_in, C_out] -> [B, H/strides, W/strides, C_out].

    SAME padding; H and W divisible by strides.
    """
    kernel = tf.convert_to_tensor(kernel)  # custom gradients do not accept variables
    if strides == 1 and kernel.shape[:2] == (1, 1):
        return pointwise(x, kernel)
    if _mirrors(kernel, strides):
        return _convolve(x, kernel)
    return tf.nn.conv2d(x, kernel, strides, "SAME")


def convolve_transposed(y: tf.Tensor, kernel: tf.Tensor, strides: int = 1) -> tf.Tensor:
    """[B, h, w, C_out] -> [B, h*strides, w*strides, C_in]: the adjoint of `convolve`."""
    if strides == 1 and kernel.shape[:2] == (1, 1):
        return pointwise(y, tf.transpose(kernel, [0, 1, 3, 2]))
    if _mirrors(kernel, strides):
        return _convolve(y, _mirrored(kernel))
    shape = tf.shape(y)
    larger = [shape[0], shape[1] * strides, shape[2] * strides, kernel.shape[2]]
    return tf.nn.conv2d_transpose(y, kernel, larger, strides, "SAME")


def pointwise(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """`convolve` with kernel [1, 1, C_in, C_out], computed as a matrix product."""
    _, _, inputs, outputs = kernel.shape
    y = tf.matmul(tf.reshape(x, [-1, inputs]), tf.reshape(kernel, [inputs, outputs]))
    y = tf.reshape(y, tf.concat([tf.shape(x)[:3], [outputs]], 0))
    return tf.ensure_shape(y, [*x.shape[:3], outputs])


def scaled(
    x: tf.Tensor, kernel: tf.Tensor, scale: tf.Tensor, bias: tf.Tensor, strides: int = 1
) -> tf.Tensor:
    """`convolve`, times scale [C_out], plus bias [C_out], all in x's dtype."""
    if _folds(kernel):
        return _with_bias(convolve(x, tf.cast(kernel * scale, x.dtype), strides), bias)
    y = convolve(x, tf.cast(kernel, x.dtype), strides)
    return _with_bias(y * tf.cast(scale, y.dtype), bias)


def scaled_transposed(
    y: tf.Tensor, kernel: tf.Tensor, scale: tf.Tensor, bias: tf.Tensor, strides: int = 1
) -> tf.Tensor:
    """`convolve_transposed`, times scale [C_in], plus bias [C_in], all in y's dtype."""
    if _folds(kernel):
        kernel = tf.cast(kernel * scale[:, None], y.dtype)
        return _with_bias(convolve_transposed(y, kernel, strides), bias)
    x = convolve_transposed(y, tf.cast(kernel, y.dtype), strides)
    return _with_bias(x * tf.cast(scale, x.dtype), bias)


@tf.custom_gradient
def leaky_relu(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    """`tf.nn.leaky_relu` with a gradient that needs the result, not x."""
    y = tf.nn.leaky_relu(x)
    return y, lambda upstream: tf.raw_ops.LeakyReluGrad(gradients=upstream, features=y, alpha=0.2)


@tf.custom_gradient
def divide(x: tf.Tensor, divisor: tf.Tensor) -> tuple[tf.Tensor, Callable[..., Any]]:
    """x / divisor, of one shape, with half of the operations of `tf.divide` in its gradient."""
    y = x / divisor

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        by_x = upstream / divisor
        return by_x, -by_x * y

    return y, gradient


def _with_bias(x: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    return tf.nn.bias_add(x, tf.cast(bias, x.dtype))


def _folds(kernel: tf.Tensor) -> bool:
    """Whether to scale the kernel, not the result, which usually has more values."""
    return kernel.shape.num_elements() < _LARGE_KERNEL


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
