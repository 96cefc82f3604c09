import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tfcomp.config import OptimizerConfig
from tfcomp.training import optimizers


@pytest.mark.parametrize("shape", [(40, 8), (8, 40), (16, 16)])
def test_orthogonalize_makes_all_singular_values_about_one(shape):
    # Singular values from 0.2 to 1: five iterations do not lift values near 0 of a random matrix.
    left, _, right = np.linalg.svd(
        tf.random.stateless_normal(shape, seed=shape), full_matrices=False
    )
    matrix = (left * np.linspace(1.0, 0.2, min(shape))) @ right
    values = np.linalg.svd(optimizers.orthogonalize(matrix), compute_uv=False)
    assert values.min() > 0.5 and values.max() < 1.3
    # The polar factor keeps the matrix's own directions: <M, polar(M)> is its nuclear norm.
    nuclear = np.linalg.svd(matrix, compute_uv=False).sum()
    product = float(tf.reduce_sum(matrix * optimizers.orthogonalize(matrix)))
    assert product == pytest.approx(nuclear, rel=0.3)


def test_a_muon_step_is_the_stated_fraction_of_the_kernels_norm():
    kernel = tf.Variable(tf.random.stateless_normal([3, 3, 8, 16], seed=(1, 1)))
    bias = tf.Variable(tf.zeros([16]))
    before = kernel.numpy()
    optimizer = optimizers.Muon(0.01, muon_step=0.02, peak_learning_rate=0.01, kernels=[kernel])
    gradient = tf.random.stateless_normal(kernel.shape, seed=(2, 2))
    optimizer.apply_gradients([(gradient, kernel), (tf.ones([16]), bias)])
    moved = np.linalg.norm(kernel.numpy() - before) / np.linalg.norm(before)
    assert moved == pytest.approx(0.02, rel=1e-3)
    np.testing.assert_allclose(bias, -0.01, rtol=1e-3)  # Adam's first step is its learning rate.


def test_muon_leaves_kernels_that_it_was_not_given_to_adam():
    kernels = [tf.Variable(tf.ones([3, 3, 8, 16])), tf.Variable(tf.ones([3, 3, 8, 16]))]
    optimizer = optimizers.Muon(0.01, kernels=kernels[:1])
    optimizer.build(kernels)
    assert [optimizer.uses_muon(kernel) for kernel in kernels] == [True, False]


@pytest.mark.parametrize("name", ["muon", "adam"])
def test_optimisers_minimise(name):
    kernel = tf.Variable(tf.random.stateless_normal([3, 3, 4, 8], seed=(1, 1)))
    target = tf.random.stateless_normal([3, 3, 4, 8], seed=(2, 2))
    settings = OptimizerConfig(name=name, learning_rate=0.02, muon_step=0.02, warmup_steps=1)
    optimizer = optimizers.build_optimizer(settings, steps=200, kernels=[kernel])
    first = float(tf.reduce_mean(tf.square(kernel - target)))
    for _ in range(200):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(kernel - target))
        optimizer.apply_gradients([(tape.gradient(loss, kernel), kernel)])
    assert float(loss) < 0.05 * first


def test_the_schedule_warms_up_then_is_cut():
    schedule = optimizers.WarmupThenCuts(1.0, 100, 10, [(0.75, 0.3), (0.9, 0.1)])
    rates = [float(schedule(step)) for step in (0, 4, 9, 50, 74, 75, 89, 90, 99)]
    assert rates == pytest.approx([0.1, 0.5, 1.0, 1.0, 1.0, 0.3, 0.3, 0.1, 0.1])


def test_muon_can_be_rebuilt_from_its_config():
    optimizer = optimizers.Muon(optimizers.WarmupThenCuts(1.0, 10, 2, [(0.5, 0.1)]), muon_step=0.1)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert again.muon_step == 0.1
    assert float(again._learning_rate(9)) == pytest.approx(0.1)
