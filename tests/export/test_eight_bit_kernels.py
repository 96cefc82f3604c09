"""Convolutions of 8 bits, with the first channels in float32."""

import numpy as np
import pytest
import tensorflow as tf

from tfcomp.export import eight_bit_kernels, tflite
from tfcomp.export.deployed_layers import DeployedLayers
from tfcomp.export.eight_bit_kernels import FLOAT_CHANNELS
from tfcomp.models.layers import TiedConv2D
from tfcomp.networks.interpreter import Model

CHANNELS = 2 * FLOAT_CHANNELS + 8


def _module(operation, channels):
    module = tf.Module()
    module.kept = operation

    @tf.function(input_signature=[tf.TensorSpec([1, 8, 8, channels], tf.float32)])
    def run(x):
        return {"y": operation(x)}

    module.run = run
    return module


def _run(content, x):
    return Model(content, 1, "run.tflite").run("run", {"x": x})["y"]


def _features(channels, loud=1.0):
    """Features whose first channel has `loud` times the range of the others."""
    x = np.random.default_rng(1).normal(size=(1, 8, 8, channels)).astype(np.float32)
    x[..., 0] *= loud
    return x


def _layer(strides):
    layer = TiedConv2D(CHANNELS, 4, strides)
    layer.build((None, None, None, 6))
    layer.synthesis_bias.assign(np.linspace(-1, 1, 6))
    return layer


def _error(content, x, exact):
    return np.sqrt(np.mean(np.square(_run(content, x) - exact)))


@pytest.mark.parametrize("strides", [2, 4])
def test_first_channels_apart_compute_the_same(strides):
    layer, x = _layer(strides), _features(CHANNELS)
    whole = DeployedLayers(half=False).synthesis_convolution(layer)(x)
    apart = DeployedLayers(half=False, apart=True).synthesis_convolution(layer)(x)
    np.testing.assert_allclose(apart, whole, atol=1e-5)


def test_loud_first_channels_cost_the_others_no_levels():
    layer, x = _layer(4), _features(CHANNELS, loud=40.0)
    exact = layer.synthesis(x)
    errors = []
    for apart in (False, True):
        operation = DeployedLayers(half=False, apart=apart).synthesis_convolution(layer)
        content = tflite.convert(_module(operation, CHANNELS), "run")
        assert _error(content, x, exact) < 1e-4
        errors.append(_error(eight_bit_kernels.quantise(content), x, exact))
    assert 1e-4 < errors[1] < errors[0] / 5


def test_kernels_shrink_to_a_quarter_and_those_of_few_channels_stay():
    for channels, smaller in ((96, True), (FLOAT_CHANNELS, False)):
        kernel = np.random.default_rng(2).normal(size=(3, 3, channels, 64)).astype(np.float32)
        operation = DeployedLayers(half=False).convolution(kernel, np.zeros(64))
        content = tflite.convert(_module(operation, channels), "run")
        rounded = eight_bit_kernels.quantise(content)
        assert (len(rounded) < 0.3 * len(content)) == smaller
        x = _features(channels)
        assert (_error(rounded, x, _run(content, x)) > 1e-6) == smaller


def test_a_cycle_bundle_with_8_bits_has_them_apart(tiny_model):
    from tfcomp.export.families import deploy

    assert deploy(tiny_model, apart=True).apart and not deploy(tiny_model).apart
