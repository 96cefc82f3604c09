import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tfcomp.models import convolution
from tfcomp.models.depthwise_block import DepthwiseBlock

QUALITY = tf.constant([1, 2])


@pytest.fixture
def x():
    return tf.random.stateless_normal([2, 6, 5, 4], seed=(1, 2))


def _built(**settings):
    keras.utils.set_random_seed(1)
    block = DepthwiseBlock(expansion=2, qualities=2, **settings)
    block.build([None, None, None, 4])
    return block


def _lively(block):
    for number, variable in enumerate(block.weights):
        variable.assign_add(
            0.3 * tf.random.stateless_normal(variable.shape, [number, variable.shape[-1]])
        )
    return block


def test_a_fresh_block_passes_its_input_on_in_both_directions(x):
    block = _built()
    np.testing.assert_array_equal(block.analysis(x, QUALITY), x)
    np.testing.assert_array_equal(block.synthesis(x, QUALITY), x)


@pytest.mark.parametrize("direction", ["analysis", "synthesis"])
def test_each_quality_has_scales_of_its_own(x, direction):
    block = _lively(_built())
    run = getattr(block, direction)
    first, second = run(x, tf.constant([1, 1])), run(x, tf.constant([2, 2]))
    assert np.abs(first - second).max() > 0.01
    np.testing.assert_allclose(run(x, QUALITY), tf.stack([first[0], second[1]]), atol=1e-6)


def test_the_mirror_image_has_the_same_kernels_transposed(x):
    """Where the activation lets all pass, synthesis is the adjoint of analysis."""
    block = _lively(_built())
    for direction in block.directions:
        hidden_bias, bias = block.biases[direction]
        hidden_bias.assign(tf.fill(hidden_bias.shape, 1e3))
        bias.assign(tf.zeros_like(bias))
        block.scales[direction].assign(tf.ones_like(block.scales[direction]))
    y = tf.random.stateless_normal(x.shape, seed=(3, 4))

    def linear(run, z):
        return tf.cast(run(z, QUALITY) - run(tf.zeros_like(z), QUALITY), tf.float64)

    there = tf.reduce_sum(linear(block.analysis, x) * tf.cast(y, tf.float64))
    back = tf.reduce_sum(tf.cast(x, tf.float64) * linear(block.synthesis, y))
    np.testing.assert_allclose(there, back, rtol=1e-2)
    untied = _built(tied=False)
    assert len(untied.trainable_variables) == len(block.trainable_variables) + 3


@pytest.mark.parametrize("works,passes", [("analysis", "synthesis"), ("synthesis", "analysis")])
def test_a_block_of_one_direction_leaves_the_other_alone(x, works, passes):
    block = _lively(_built(directions=(works,)))
    assert np.abs(getattr(block, works)(x, QUALITY) - x).max() > 0.01
    assert getattr(block, passes)(x, QUALITY) is x
    assert not any(passes in variable.name for variable in block.weights)
    encoders = block.analysis_variables
    assert len(encoders) == (len(block.weights) if works == "analysis" else 0)


def test_depthwise_transposed_is_the_adjoint_of_depthwise(x):
    kernel = tf.random.stateless_normal([3, 3, 4, 1], seed=(5, 6))
    y = tf.random.stateless_normal(x.shape, seed=(7, 8))
    there = tf.reduce_sum(convolution.depthwise(x, kernel) * y)
    back = tf.reduce_sum(x * convolution.depthwise_transposed(y, kernel))
    np.testing.assert_allclose(there, back, rtol=1e-4)
