import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tfcomp import config as config_module
from tfcomp.errors import CodecError, ConfigError
from tfcomp.families.binary.model import BinaryModel, hard_bits


def _images(*shape):
    return tf.random.stateless_uniform(shape, seed=(7, 8))


def _fresh(config, **loss):
    tf.keras.utils.set_random_seed(5)
    return BinaryModel(config.model, dataclasses.replace(config.loss, **loss)).build_codec()


def _code_at(config, progress, **loss):
    model = _fresh(config, **loss)
    features = tf.reshape(tf.linspace(-3.0, 3.0, 64), [1, 2, 2, 16])
    return features.numpy(), model.binarize(features, tf.constant(progress)).numpy()


def test_bits_are_bits_and_come_back_from_real_files(binary_model, photograph):
    images = tf.cast(photograph[None], tf.float32) / 255.0
    features = binary_model.analysis(images)
    bits, _ = binary_model.quantise(features, tf.constant([3]), training=False)
    assert set(np.unique(bits)) == {0.0, 1.0}
    np.testing.assert_array_equal(bits, np.asarray(tf.sigmoid(features)) > 0.5)
    tables = binary_model.tables
    sections = binary_model.prior.encode(features[0].numpy(), 3, tables)
    decoded = binary_model.prior.decode(sections, 3, *features.shape[1:3], tables)
    np.testing.assert_array_equal(decoded, bits[0])


def test_the_bits_of_a_small_file_begin_those_of_a_large_one(binary_model, photograph):
    features = binary_model.analysis(tf.cast(photograph[None], tf.float32) / 255.0)[0].numpy()
    tables, sent = binary_model.tables, binary_model.prior.sent
    codes = []
    for quality in (1, 2, 3):
        sections = binary_model.prior.encode(features, quality, tables)
        codes.append(binary_model.prior.decode(sections, quality, *features.shape[:2], tables))
    for quality, code in enumerate(codes, 1):
        count = sent[quality - 1]
        np.testing.assert_array_equal(code[..., :count], codes[-1][..., :count])
        assert not code[..., count:].any()
    assert codes[-1].any()


def test_channels_that_are_not_sent_do_not_count_and_cost_nothing(binary_model):
    code = np.array(hard_bits(_images(1, 4, 4, 16) - 0.5))
    other = code.copy()
    other[..., 4:] = 1.0 - other[..., 4:]
    lowest, highest = tf.constant([1]), tf.constant([3])
    same = binary_model.synthesis(code, lowest).numpy()
    np.testing.assert_array_equal(same, binary_model.synthesis(other, lowest))
    difference = binary_model.synthesis(other, highest) - binary_model.synthesis(code, highest)
    assert np.abs(difference).max() > 0
    only = binary_model.prior.bits(code, lowest) / binary_model.prior.bits(code, highest)
    assert float(only[0]) < 0.5


def test_files_grow_with_quality_and_cost_hardly_more_than_their_bits(binary_model, photograph):
    images = tf.cast(photograph[None], tf.float32) / 255.0
    sizes = [len(binary_model.compress(images, quality)[0]) for quality in (1, 2, 3)]
    assert sizes[0] < sizes[1] < sizes[2]
    _, bits, _ = binary_model(images, quality=tf.constant([3]))
    container = 20 + 3 * 2  # and two streams, each ended and counted
    assert 8 * sizes[2] < 1.02 * float(bits[0]) + 8 * container
    raw = photograph.shape[0] * photograph.shape[1]  # 16 bits for 4x4 pixels
    assert float(bits[0]) < 1.1 * raw


def test_noise_grows_over_the_run_and_makes_small_features_useless(binary_config):
    model = _fresh(binary_config)
    progress = (0.0, 0.25, 0.45, 0.7, 0.99, 1.0)
    levels = [float(model.noise_level(tf.constant(p))) for p in progress]
    np.testing.assert_allclose(levels, [0.1, 0.3, 1.0, 5.0, 15.0, 15.0], rtol=1e-6)
    features, quiet = _code_at(binary_config, 0.0)
    _, loud = _code_at(binary_config, 1.0)
    clean = 1.0 / (1.0 + np.exp(-features))
    assert np.abs(quiet - clean).mean() < 0.05 < 0.3 < np.abs(loud - clean).mean()
    agree = np.mean((loud > 0.5) == (features > 0))
    assert agree < 0.8


def test_the_noise_list_is_the_curriculum_and_its_ends_can_be_given(binary_config):
    without_warm_up = _fresh(binary_config, noise=(15.0,))
    assert float(without_warm_up.noise_level(tf.constant(0.0))) == 15.0
    uneven = _fresh(binary_config, noise=(1.0, 5.0), noise_ends=(0.9, 1.0))
    assert float(uneven.noise_level(tf.constant(0.8))) == 1.0
    assert float(uneven.noise_level(tf.constant(0.95))) == 5.0


def test_noise_drives_features_away_from_zero(binary_config):
    """What the curriculum is for: the louder the noise, the farther out useful features lie."""
    spread = {}
    for sigma in (0.1, 5.0):
        model = _fresh(binary_config, noise=(sigma,), code_weight=0.0)
        model.compile(optimizer=tf.keras.optimizers.Adam(1e-2))
        images = tf.cast(tf.repeat(_images(4, 2, 2, 3), 8, 1), tf.float32)
        images = tf.cast(tf.repeat(images, 8, 2) * 255.0, tf.uint8)
        step = tf.function(model.train_step)
        for _ in range(40):
            step(images)
        features = model.analysis(tf.cast(images, tf.float32) / 255.0)
        spread[sigma] = float(tf.reduce_mean(tf.abs(features)))
    assert spread[5.0] > 1.5 * spread[0.1]


@pytest.mark.parametrize("binarizer", ["straight_through", "stochastic"])
def test_other_binarizers_give_bits_in_training_and_pass_gradients(binary_config, binarizer):
    model = _fresh(binary_config, binarizer=binarizer)
    features = tf.Variable(tf.reshape(tf.linspace(-3.0, 3.0, 1600), [1, 10, 10, 16]))
    with tf.GradientTape() as tape:
        code = model.binarize(features, tf.constant(0.5))
    slope = tf.sigmoid(features) * (1 - tf.sigmoid(features))
    np.testing.assert_allclose(tape.gradient(code, features), slope, atol=1e-6)
    np.testing.assert_allclose(code, np.round(code), atol=1e-6)
    wrong = np.mean((code.numpy() > 0.5) != (features.numpy() > 0))
    assert wrong == 0 if binarizer == "straight_through" else 0.05 < wrong < 0.5


def test_the_hard_tail_trains_on_the_bits_of_files(binary_config):
    features, code = _code_at(binary_config, 0.9, hard_share=0.2)
    np.testing.assert_allclose(code, features > 0, atol=1e-6)
    _, code = _code_at(binary_config, 0.7, hard_share=0.2)
    assert np.abs(code - np.round(code)).max() > 0.01


def test_every_variable_gets_a_gradient_and_the_prior_moves_alone(binary_model):
    images = _images(2, 32, 32, 3)
    with tf.GradientTape(persistent=True) as tape:
        loss, _ = binary_model.training_loss(images, tf.constant([1, 3]))
        bits = binary_model.prior.bits(
            hard_bits(binary_model.analysis(images)), tf.constant([1, 3])
        )
    for variable in binary_model.trainable_variables:
        gradient = tape.gradient(loss, variable)
        assert gradient is not None, variable.name
        assert np.all(np.isfinite(tf.convert_to_tensor(gradient))), variable.name
        of_bits = tape.gradient(bits, variable)
        assert (of_bits is None) == ("entropy" not in variable.name)


def test_the_loss_is_the_sources(binary_config):
    model = _fresh(binary_config, binarizer="straight_through", code_weight=0.01)
    images, quality = _images(2, 16, 16, 3), tf.constant([3, 3])
    reconstruction, _, features = model(images, quality=quality)
    bits = hard_bits(features)
    expected = tf.reduce_mean((images - reconstruction) ** 2) + 0.01 * tf.reduce_mean(bits**2)
    loss, _ = model.training_loss(images, quality)
    assert float(loss) == pytest.approx(float(expected), rel=1e-2)
    assert model.loss_of_bits(images, quality) == pytest.approx(float(expected), rel=1e-5)


def test_a_quality_that_does_not_exist_is_refused(binary_model, photograph):
    with pytest.raises(CodecError, match="1 to 3"):
        binary_model.compress(photograph[None] / 255.0, 4)


@pytest.mark.parametrize(
    "section, changes, message",
    [
        ("model", {"code_channels": 64, "sent": [64], "groups": [64]}, "4 a pixel"),
        ("model", {"groups": [4, 4]}, "groups"),
        ("model", {"sent": [4, 4, 16]}, "rise"),
        ("model", {"sent": [4, 8]}, "last of sent"),
        ("loss", {"binarizer": "coin"}, "straight_through"),
        ("loss", {"noise": []}, "noise"),
        ("loss", {"noise_ends": [0.5]}, "noise_ends"),
        ("loss", {"hard_share": 2}, "hard_share"),
    ],
)
def test_a_config_out_of_range_is_refused(binary_config, section, changes, message):
    values = config_module.to_dict(binary_config)
    values[section].update(changes)
    with pytest.raises(ConfigError, match=message):
        config_module.from_dict(values)
