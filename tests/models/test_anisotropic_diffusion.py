import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests import hyperprior_factory
from tfcomp.families.cycle.config import CycleModelConfig
from tfcomp.models.anisotropic_diffusion import AnisotropicDiffusion
from tfcomp.runs import run_folder

QUALITY = tf.constant([1, 2])
SMALLEST = tf.constant([1, 1])


def _layer(strength=0.1):
    layer = AnisotropicDiffusion([0.0005, 0.02])
    layer.build([None, None, None, 4])
    layer.strength.assign(tf.fill(layer.strength.shape, strength))
    return layer


def _features(height, width):
    return tf.random.stateless_normal([2, height // 2, width // 2, 4], seed=(1, 2))


def _noisy_step(noise=2 / 255, height=24, width=32):
    """A dark and a bright half with some noise: float32 [2, H, W, 3], and the same without."""
    clean = np.full((2, height, width, 3), -0.3, np.float32)
    clean[:, :, width // 2 :] = 0.3
    return clean + np.random.default_rng(3).normal(0, noise, clean.shape).astype("f4"), clean


def test_it_takes_noise_away_and_leaves_edges():
    noisy, clean = _noisy_step()
    smooth = _layer(0.2).synthesis(noisy, _features(24, 32), SMALLEST).numpy()
    before, after = (np.square(x - clean).mean() for x in (noisy, smooth))
    assert after < 0.35 * before
    columns = smooth.mean(axis=(0, 1, 3))
    np.testing.assert_allclose(columns[15:17], [-0.3, 0.3], atol=0.003)


def test_pixels_at_the_edge_of_a_picture_see_nothing_beyond_it():
    """Zero, which convolutions find there, is a middle grey and would draw greys towards itself."""
    grey = tf.fill([2, 16, 16, 3], 0.01)
    smooth = _layer().synthesis(grey, _features(16, 16), QUALITY)
    np.testing.assert_allclose(smooth, grey, atol=1e-6)


def test_without_strength_it_changes_nothing():
    noisy, _ = _noisy_step()
    smooth = _layer(strength=0.0).synthesis(noisy, _features(24, 32), QUALITY)
    np.testing.assert_array_equal(smooth, noisy)


def test_the_mean_of_a_picture_stays():
    noisy, _ = _noisy_step()
    smooth = _layer(0.2).synthesis(noisy, _features(24, 32), SMALLEST).numpy()
    assert np.abs(smooth - noisy).max() > 0.01
    assert abs((smooth - noisy).mean()) < 1e-4


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_every_weight_of_it_learns(policy):
    tf.keras.mixed_precision.set_global_policy(policy)
    try:
        model = run_folder.build_model(hyperprior_factory.tiny_config())
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")
    for variable in model.diffusion_variables:
        assert variable.dtype == tf.float32
        spread = tf.random.stateless_normal(variable.shape, seed=(3, 4), stddev=0.05)
        variable.assign_add(spread)
    # As if much larger differences were noise: what the untrained networks give is nothing else.
    model.diffusion.log_scale.assign_sub(tf.fill(model.diffusion.log_scale.shape, 6.0))
    latents = tf.random.stateless_normal([2, 2, 3, 16], seed=(5, 6), stddev=5.0)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model.synthesis(latents, QUALITY)))
    for variable, gradient in zip(
        model.diffusion_variables, tape.gradient(loss, model.diffusion_variables)
    ):
        assert np.count_nonzero(tf.convert_to_tensor(gradient)) > 0, variable.name


def test_the_encoder_has_not_one_weight_of_it():
    config = hyperprior_factory.tiny_config()
    model = run_folder.build_model(config)
    images = tf.random.stateless_uniform([2, 32, 48, 3], seed=(5, 6))
    latents = model.analysis(images, QUALITY)
    picture = model.synthesis(latents, QUALITY)
    model.diffusion.strength.assign_add(tf.ones_like(model.diffusion.strength))
    np.testing.assert_array_equal(model.analysis(images, QUALITY), latents)
    assert np.abs(model.synthesis(latents, QUALITY) - picture).max() > 1e-3


def test_what_a_decoder_looks_at_grows_with_it():
    layer, (noisy, _) = _layer(), _noisy_step(noise=0.01)
    moved = noisy.copy()
    moved[:, 12, 8] += 0.01
    features = _features(24, 32)
    change = layer.synthesis(noisy, features, QUALITY) - layer.synthesis(moved, features, QUALITY)
    rows, columns = np.nonzero(np.abs(change.numpy()).max(axis=(0, 3)))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 14, 5, 11)

    small = CycleModelConfig(widths=(4,), residual_blocks=(0,), kernel_size=2, diffusion=True)
    assert small.decoder_reach == 2  # 1 pixel of the kernel and 3 of these, at stride 2
    assert dataclasses.replace(small, diffusion=False).decoder_reach == 1
