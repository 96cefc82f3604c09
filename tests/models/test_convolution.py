import numpy as np
import pytest
import tensorflow as tf

from tfcomp.models.convolution import convolve, convolve_transposed

SHAPES = pytest.mark.parametrize("size, strides", [(3, 1), (5, 1), (1, 1), (4, 1), (5, 2)])


def _normal(*shape):
    return tf.random.stateless_normal(shape, seed=(len(shape), shape[-1]))


def _value_and_gradients(function, x, kernel, toward):
    with tf.GradientTape() as tape:
        tape.watch([x, kernel])
        value = function(x, kernel)
        likeness = tf.reduce_sum(value * toward)
    return [value, *tape.gradient(likeness, [x, kernel])]


def _assert_same(ours, tensorflows):
    for mine, theirs in zip(ours, tensorflows):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-4)


@SHAPES
def test_a_convolution_and_its_gradients_are_tensorflows(size, strides):
    x, kernel = _normal(2, 8, 12, 3), _normal(size, size, 3, 7)
    toward = _normal(2, 8 // strides, 12 // strides, 7)
    _assert_same(
        _value_and_gradients(lambda x, k: convolve(x, k, strides), x, kernel, toward),
        _value_and_gradients(
            lambda x, k: tf.nn.conv2d(x, k, strides, "SAME"), x, kernel, toward
        ),
    )


@SHAPES
def test_a_transposed_convolution_and_its_gradients_are_tensorflows(size, strides):
    y, kernel = _normal(2, 8 // strides, 12 // strides, 7), _normal(size, size, 3, 7)
    toward = _normal(2, 8, 12, 3)
    _assert_same(
        _value_and_gradients(lambda y, k: convolve_transposed(y, k, strides), y, kernel, toward),
        _value_and_gradients(
            lambda y, k: tf.nn.conv2d_transpose(y, k, toward.shape, strides, "SAME"),
            y,
            kernel,
            toward,
        ),
    )
