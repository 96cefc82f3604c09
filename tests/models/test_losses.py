import numpy as np
import pytest
import tensorflow as tf

from tfcomp.models import losses


def test_rate_is_bits_over_pixels():
    np.testing.assert_allclose(losses.rate(tf.constant([640.0, 64.0]), 64), [10.0, 1.0])


def test_squared_error_is_on_the_scale_of_8_bit_pixels():
    images = tf.zeros([2, 4, 4, 3])
    decoded = tf.stack([tf.fill([4, 4, 3], 1.0 / 255), tf.fill([4, 4, 3], 2.0 / 255)])
    np.testing.assert_allclose(losses.squared_error(images, decoded), [1.0, 4.0], rtol=1e-5)


@pytest.mark.parametrize("side", [16, 48, 176])
def test_ms_ssim_distortion_is_zero_for_equal_images_and_grows_with_noise(side):
    image = tf.random.stateless_uniform([1, side, side, 3], seed=(1, 2))
    noise = tf.random.stateless_normal(image.shape, seed=(3, 4))
    values = [
        float(losses.ms_ssim_distortion(image, tf.clip_by_value(image + s * noise, 0, 1))[0])
        for s in (0.0, 0.05, 0.3)
    ]
    assert values[0] == pytest.approx(0.0, abs=1e-5)
    assert values[0] < values[1] < values[2] <= 1.0


def test_cycle_consistency_is_the_mean_squared_difference_of_latents():
    first = tf.zeros([2, 2, 2, 3])
    second = tf.stack([tf.ones([2, 2, 3]), 3 * tf.ones([2, 2, 3])])
    np.testing.assert_allclose(losses.cycle_consistency(first, second), [1.0, 9.0])


def test_sparsity_follows_the_formula_of_the_paper():
    x = np.array([3.0, -4.0, 0.0, 0.0], np.float32)
    expected = 7.0 / 5.0 + 0.5 * 25.0 / 7.0
    value = losses.sparsity(tf.reshape(x, [1, 1, 2, 2]), alpha=0.5)
    assert float(value[0]) == pytest.approx(expected, rel=1e-5)


def test_sparsity_prefers_few_large_values_at_equal_energy():
    sparse = tf.reshape(tf.constant([2.0, 0, 0, 0]), [1, 2, 2, 1])
    dense = tf.reshape(tf.constant([1.0, 1, 1, 1]), [1, 2, 2, 1])
    assert losses.sparsity(sparse, 0.0) < losses.sparsity(dense, 0.0)


def test_sparsity_of_all_zero_latents_has_finite_value_and_gradient():
    x = tf.zeros([1, 2, 2, 1])
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = losses.sparsity(x, 1.0)
    assert np.all(np.isfinite(value))
    assert np.all(np.isfinite(tape.gradient(value, x)))
