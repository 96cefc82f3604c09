import numpy as np
import pytest
import tensorflow as tf

from tests import hyperprior_factory
from tfcomp.data.sample_source import sample_images
from tfcomp.entropy_kinds.factorized.prior import fit_prior
from tfcomp.families.cycle.model import CycleModel
from tfcomp.models import principal_components


def _crops(count=12, side=64):
    image = sample_images("train")["coffee"]
    rng = np.random.default_rng(0)
    corners = rng.integers(0, [image.shape[0] - side, image.shape[1] - side], size=(count, 2))
    return np.stack([image[y : y + side, x : x + side] for y, x in corners])


def test_an_untrained_codec_already_resembles_the_picture(tiny_config):
    model = CycleModel(tiny_config.model).build_codec()
    crops = _crops()
    images = tf.cast(crops, tf.float32) / 255.0
    quality = tf.fill([len(crops)], 3)
    random_error = tf.reduce_mean(tf.square(model(images, quality=quality)[0] - images))
    principal_components.initialize(model, crops)
    decoded, bits, _ = model(images, quality=quality)
    error = tf.reduce_mean(tf.square(decoded - images))
    assert float(error) < 0.05 * float(random_error)
    assert -10 * np.log10(float(error)) > 22
    assert float(tf.reduce_mean(bits)) / 64**2 < 4


def test_level_kernels_start_orthonormal(tiny_config):
    model = CycleModel(tiny_config.model).build_codec()
    principal_components.initialize(model, _crops())
    kernel = tf.reshape(model.levels[0][0].kernel, [-1, 8]).numpy()
    np.testing.assert_allclose(kernel.T @ kernel, np.eye(8), atol=0.05)


def test_the_fitted_prior_is_far_cheaper_than_the_unfitted_one(tiny_config):
    model = CycleModel(tiny_config.model).build_codec()
    images = tf.cast(_crops(), tf.float32) / 255.0
    y = model.transform(images)
    quality = tf.fill([len(images)], 2)
    symbols = tf.round(y * model.gain(quality)[:, None, None, :])
    before = tf.reduce_sum(model.prior.bits(symbols, model.gain(quality)))
    fit_prior(model, y, steps=80)
    after = tf.reduce_sum(model.prior.bits(symbols, model.gain(quality)))
    assert float(after) < 0.7 * float(before)


@pytest.mark.parametrize("stride,overlap", [(4, 0), (4, 2), (8, 4), (8, 3)])
def test_a_lapped_window_and_its_shifts_are_orthonormal(stride, overlap):
    window = principal_components.lapped_window(stride, overlap)
    np.testing.assert_allclose(window @ window.T, np.eye(stride), atol=1e-12)
    shifted = np.zeros_like(window)
    shifted[:, : window.shape[1] - stride] = window[:, stride:]
    np.testing.assert_allclose(window @ shifted.T, 0, atol=1e-12)
    np.testing.assert_allclose(window.sum(1), 1, atol=1e-12)  # constants pass


def test_overlapping_levels_of_stride_four_start_as_their_own_inverse():
    """All components of a level are kept: what is coded is decoded, but at the picture's edge."""
    model = CycleModel(hyperprior_factory.patch_config().model).build_codec()
    principal_components.initialize(model, _crops())
    down = model.levels[0][0]
    x = tf.cast(_crops(2), tf.float32) / 255.0 - 0.5
    again = down.synthesis(down.analysis(x))
    np.testing.assert_allclose(again[:, 4:-4, 4:-4], x[:, 4:-4, 4:-4], atol=1e-4)
