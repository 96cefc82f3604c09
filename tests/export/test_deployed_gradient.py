"""The decoder's derivative, as encoders get it, against TensorFlow's of the trained model."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests import hyperprior_factory
from tfcomp.entropy_kinds.hyperprior.prior.hyperprior import MEAN_UNITS
from tfcomp.export import tflite
from tfcomp.families.cycle.gradient import DeployedGradient


def _expected(model, error, latents, q):
    decoded = tf.cast(latents, tf.float32) / MEAN_UNITS
    with tf.GradientTape() as tape:
        tape.watch(decoded)
        pixels = 255.0 * model.synthesis(decoded, q)
    square = 18.0 / (model.lambdas[int(q[0]) - 1] * np.log(2.0))
    return -tape.gradient(pixels, decoded, error).numpy() / square


def _sample(seed):
    latents = tf.random.stateless_uniform([1, 6, 8, 16], (seed, 1), -20, 21, tf.int32)
    return tf.random.stateless_normal([1, 96, 128, 3], (seed, 2), stddev=8.0), latents


@pytest.fixture(scope="module", params=["tiny", "patch"])
def model(request):
    """Lively in every layer, without diffusion."""
    config = getattr(hyperprior_factory, f"{request.param}_config")()
    plain = dataclasses.replace(config, model=dataclasses.replace(config.model, diffusion=False))
    model = hyperprior_factory.lively_model(config=plain)
    for number, variable in enumerate(model.transform_variables):
        seed = (number, int(tf.size(variable)))
        variable.assign_add(tf.random.stateless_normal(variable.shape, seed, stddev=0.02))
    return model


@pytest.mark.parametrize("quality", [1, 2])
def test_it_is_the_trained_decoders(model, quality):
    q = tf.constant([quality])
    error, latents = _sample(quality)
    expected = _expected(model, error, latents, q)
    found = DeployedGradient(model).gradient(error, latents, q)["gradient"]
    assert np.std(expected) > 1e-3
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_it_is_the_trained_decoders_where_diffusion_ends_it():
    model = hyperprior_factory.lively_model()
    q = tf.constant([2])
    error, latents = _sample(5)
    expected = _expected(model, error, latents, q)
    found = DeployedGradient(model).gradient(error, latents, q)["gradient"].numpy()
    # The contrast, which the features give, counts as constant: what it adds is small.
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.98


def test_in_8_bits_it_points_the_same_way(model):
    from ai_edge_litert.interpreter import Interpreter

    content = tflite.convert(DeployedGradient(model), "gradient", "dynamic")
    run = Interpreter(model_content=content).get_signature_runner("gradient")
    error, latents = _sample(3)
    q = np.array([2], np.int32)
    found = run(error=error.numpy(), latents=latents.numpy(), quality=q)["gradient"]
    expected = _expected(model, error, latents, tf.constant(q))
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.95


def test_an_error_that_one_channel_made_leads_back_to_it(model):
    q = tf.constant([2])
    _, latents = _sample(4)
    moved = latents + tf.one_hot(3, 16, on_value=MEAN_UNITS, off_value=0, dtype=tf.int32)

    def picture(values):
        return 255.0 * model.synthesis(tf.cast(values, tf.float32) / MEAN_UNITS, q)

    error = picture(moved) - picture(latents)
    found = DeployedGradient(model).gradient(error, moved, q)["gradient"].numpy().mean((0, 1, 2))
    # A step too far, and about as much back: the kernels start orthonormal, but for the noise.
    assert np.argmin(found) == 3
    assert -1.5 < found[3] < -0.5
