import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tfcomp.bitstream import rows
from tfcomp.families.vaegan.model import VaeganModel


@pytest.fixture(scope="module")
def any_size_model(vaegan_config, photograph_pieces):
    """64 latents for 8x8 pixels: enough of them for the coder's whole bytes not to count."""
    settings = dataclasses.replace(
        vaegan_config.model, image_size=None, fold=1, num_channels=64
    )
    model = VaeganModel(settings, vaegan_config.loss).build_codec()
    model.initialize(photograph_pieces)
    return model


@pytest.fixture(scope="module")
def picture():
    from tfcomp.data.sample_source import sample_images

    return tf.cast(sample_images("test")["chelsea"][None, :256, :256], tf.float32) / 255.0


def _payload_bits(model, picture):
    (data,) = model.compress(picture, 1)
    from tfcomp.bitstream.container import parse

    (section,) = parse(data, lambda _: model).sections
    height = -(-picture.shape[1] // model.stride)
    return 8 * sum(len(stream) for stream in rows.unpack_rows(section, height))


def test_the_prior_term_is_what_the_file_pays(any_size_model, picture):
    _, bits, _ = any_size_model(picture, training=False)
    paid = _payload_bits(any_size_model, picture)
    assert paid == pytest.approx(float(bits[0]), rel=0.03)


def test_under_noise_it_is_what_the_file_pays_on_average(any_size_model, picture):
    noisy = [float(any_size_model(picture, training=True)[1][0]) for _ in range(4)]
    assert np.mean(noisy) == pytest.approx(_payload_bits(any_size_model, picture), rel=0.1)


def test_the_prior_term_is_the_divergence_of_posterior_and_prior(any_size_model):
    # KL(q || p) of a box one step wide, integrated over it, against the metric's mean.
    channels = any_size_model.model_config.num_channels
    gain = any_size_model.gain(tf.constant([1]))
    mean = np.linspace(-2, 2, channels).astype(np.float32)
    offsets = (np.arange(400, dtype=np.float32) + 0.5) / 400 - 0.5
    z = tf.constant(mean + offsets[:, None])[:, None, None, :]
    density = 2.0 ** -np.array(
        [any_size_model.prior.bits(row[None], gain)[0] for row in z], np.float64
    )
    divergence = np.mean(np.log(1.0 / density))  # nats, the posterior's density being 1
    drawn = tf.constant(mean)[None, None, None] + tf.random.stateless_uniform(
        [4000, 1, 1, channels], (1, 2), -0.5, 0.5
    )
    bits = any_size_model.prior.bits(drawn, tf.repeat(gain, 4000, axis=0))
    assert np.log(2) * np.mean(bits) == pytest.approx(divergence, rel=0.01)


def test_more_channels_are_used_at_higher_quality_and_pay(ladder_model, photograph_pieces):
    image = tf.cast(photograph_pieces[:1], tf.float32) / 255.0
    few, many = (ladder_model.analysis(image, tf.constant([q]))[0].numpy() for q in (1, 2))
    assert np.any(few[..., :2]) and not np.any(few[..., 2:])
    assert np.any(many[..., 2:])
    sizes = [len(ladder_model.compress(image, quality)[0]) for quality in (1, 2)]
    assert sizes[0] < sizes[1]


def test_channels_that_a_quality_does_not_use_are_not_counted(ladder_model, photograph_pieces):
    images = tf.cast(photograph_pieces[:8], tf.float32) / 255.0
    quality = tf.ones([8], tf.int32)
    latents = ladder_model.analysis(images, quality)
    noisy = tf.reduce_mean(ladder_model.quantise(latents, quality, training=True)[1])
    rounded = tf.reduce_mean(ladder_model.quantise(latents, quality, training=False)[1])
    # Noise in the 12 unused channels would count 0.1 bits and more for each value of theirs.
    assert float(noisy) - float(rounded) < 0.05 * 12 * 16 * 16


def test_the_linear_path_starts_as_principal_components(ladder_model, photograph_pieces):
    # 12 of 12 components of 2x2 blocks, finely quantised: all but the rounding comes back.
    image = tf.cast(photograph_pieces[:1], tf.float32) / 255.0
    latents = ladder_model.analysis(image, tf.constant([2]))
    again = ladder_model.synthesis(latents, tf.constant([2]))
    linear = ladder_model.decoder.skip
    assert linear is not None
    coded = tf.nn.depth_to_space(linear(latents / ladder_model.gain(tf.constant([2]))), 2) + 0.5
    np.testing.assert_allclose(coded, image, atol=2e-3)
    assert np.mean(np.square(again - image)) < 0.05


def test_channels_can_be_cut_and_the_ladder_with_them(ladder_config):
    from tfcomp.errors import ConfigError

    cut = ladder_config.model.with_channels(2)
    assert (cut.num_channels, cut.ladder, cut.qualities) == (2, (2,), 1)
    assert sum(cut.hyperprior.groups) == 2
    with pytest.raises(ConfigError, match="not 5"):
        ladder_config.model.with_channels(5)
