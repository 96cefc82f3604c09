"""The binary codec whose bits are paid for: a hyperprior gives each its probability."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

import tfcomp
from tfcomp import config as config_module
from tfcomp.errors import CodecError, ConfigError
from tfcomp.export.bundle import write_bundle
from tfcomp.families.binary.model import BinaryModel, hard_bits

TINY = {
    "model": {
        "family": "binary",
        "prior": "hyperprior",
        "widths": [8, 12],
        "residual_blocks": 1,
        "code_channels": 16,
        "default_quality": 1,
        "max_lambda": 0.05,
        "hyperprior": {
            "groups": [4, 12],
            "checkerboard": 1,
            "rows_per_stream": [8, 8, 8],
            "hyper_channels": 2,
            "features": 8,
            "hidden": 8,
            "distortion_weights": [1e6, 1e6],  # sigmoids are rounded to the nearest
        },
    },
    "data": {"source": "sample", "crop": 32, "batch_size": 2},
    "training": {"steps": 4, "log_every": 1, "picture_every": 0, "precision": "float32"},
}


@pytest.fixture(scope="module")
def config():
    return config_module.from_dict(TINY)


@pytest.fixture(scope="module")
def model(config):
    """Untrained, with an entropy model of which every place of the ladder is used."""
    tf.keras.utils.set_random_seed(3)
    made = BinaryModel(config.model, config.loss).build_codec()
    pictures = np.random.default_rng(4).integers(0, 256, (4, 32, 32, 3)).astype(np.uint8)
    made.initialize(pictures)
    for layers in made.prior.pass_layers:
        kernel = layers["scale"].kernel
        kernel.assign(2.0 * tf.random.stateless_normal(kernel.shape, (5, 6)))
    made.rated.offset.assign(tf.random.stateless_normal(made.rated.offset.shape, (7, 8)))
    return made


def test_bits_come_back_from_real_files_and_cost_what_training_counts(model, photograph):
    images = tf.cast(photograph[None], tf.float32) / 255.0
    for quality in (1, 3):
        features = model.analysis(model.pad(images), tf.constant([quality]))
        code, counted = model.quantise(features, tf.constant([quality]), training=False)
        sections = model.prior.encode(features[0].numpy(), quality, model.tables)
        size = code.shape[1:3]
        decoded = model.prior.decode(sections, quality, *size, model.tables)
        np.testing.assert_array_equal(decoded, code[0])
        assert set(np.unique(decoded)) == {0.0, 1.0}
        assert 8 * sum(map(len, sections)) == pytest.approx(float(counted[0]), rel=0.2, abs=80)


def test_a_bit_that_costs_much_must_be_sure(model, photograph):
    images = tf.cast(photograph[None], tf.float32) / 255.0
    features = model.analysis(model.pad(images), tf.constant([2]))[0].numpy()
    coder = model.prior.coder(model.tables)
    found = []
    for weight in (1e6, 3.0):
        choices = {"distortion_weight": weight}
        sections, decoded = coder.encode_and_decode(model.prior.symbols(features), 2, **choices)
        found.append((sum(map(len, sections)), decoded.sum()))
    assert found[1][0] < found[0][0] and found[1][1] < found[0][1]


def test_a_bundle_codes_as_the_model(model, config, photograph, tmp_path):
    write_bundle(model, config, tmp_path / "bits", "bits")
    codec = tfcomp.load(tmp_path / "bits")
    picture = photograph[:61, :83]
    for quality in (1, 3):
        data = codec.compress(picture, quality=quality)
        shown = codec.decompress(data)
        assert np.abs(shown.astype(int) - model.decompress([data])[0]).max() <= 1


def test_bits_are_not_searched_for(model, config, photograph, tmp_path):
    write_bundle(model, config, tmp_path / "bits", "bits")
    codec = tfcomp.load(tmp_path / "bits")
    assert codec.compress(photograph, effort=9) == codec.compress(photograph)
    with pytest.raises(CodecError, match="cannot be"):
        codec.compress(photograph, refine=5)


def test_files_of_one_size_do_not_say_it(model, config, photograph, tmp_path):
    sized = dataclasses.replace(config, model=dataclasses.replace(config.model, size=(32, 32)))
    write_bundle(model, config, tmp_path / "any", "any")
    write_bundle(model, sized, tmp_path / "sized", "sized")
    picture = photograph[20:52, 30:62]
    files = [tfcomp.load(tmp_path / name).compress(picture) for name in ("any", "sized")]
    assert len(files[1]) == len(files[0]) - 2


def test_the_rate_moves_features_and_probabilities(model, photograph):
    images = tf.cast(photograph[None, :32, :32], tf.float32) / 255.0
    quality = tf.constant([2])
    with tf.GradientTape() as tape:
        features = model.analysis(images, quality)
        _, bits = model.quantise(features, quality, training=True)
    sources = [model.rated.offset, model.prior.pass_layers[1]["scale"].kernel]
    for gradient in tape.gradient(bits, sources):
        assert np.abs(tf.convert_to_tensor(gradient)).max() > 0


def test_a_quality_has_thresholds_of_its_own(model, photograph):
    images = tf.cast(photograph[None, :32, :32], tf.float32) / 255.0
    codes = [hard_bits(model.analysis(images, tf.constant([q]))).numpy() for q in (1, 3)]
    assert 0 < np.mean(codes[0] != codes[1]) < 1


@pytest.mark.parametrize(
    "change, words",
    [
        ({"code_channels": 12}, "add up to code_channels"),
        ({"size": [32, 0]}, "a width and a height"),
        ({"prior": "factorized"}, "unknown prior"),
    ],
)
def test_what_does_not_fit_is_refused(change, words):
    with pytest.raises(ConfigError, match=words):
        config_module.from_dict({"model": {**TINY["model"], **change}})
