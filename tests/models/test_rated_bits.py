"""The binary codec whose bits are paid for: a hyperprior gives each its probability."""

import dataclasses
import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import tfcomp
from tests import hyperprior_factory
from tfcomp import config as config_module
from tfcomp.errors import CodecError, ConfigError
from tfcomp.export import cli
from tfcomp.export.bundle import write_bundle
from tfcomp.families.binary.model import hard_bits
from tfcomp.runs import run_folder


@pytest.fixture(scope="module")
def config():
    return hyperprior_factory.bits_config()


@pytest.fixture(scope="module")
def model():
    return hyperprior_factory.lively_bits()


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


def test_its_codes_are_shown(model, config, tmp_path):
    from tfcomp.families.binary import demonstration

    made = demonstration.make(model, config, tmp_path)
    assert made["samples, codes, decoded"].stat().st_size > 1000
    data = (tmp_path / "sample.tfcomp").read_bytes()
    assert tfcomp.load(tmp_path / "bundle").decompress(data).shape == (32, 32, 3)


def test_a_served_model_writes_and_reads_the_same_files(model, config, photograph, tmp_path):
    run_folder.save_weights(model, tmp_path)
    (tmp_path / "config.yaml").write_text(config_module.dump(config))
    flags = ["--tflite", "--saved-model", "--run", str(tmp_path), "--out", str(tmp_path / "bits")]
    assert cli.main(flags) == 0
    codec = tfcomp.load(tmp_path / "bits")
    served = tf.saved_model.load(str(tmp_path / "bits" / "1")).signatures
    picture, stream = photograph[:61, :83], io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    done = served["compress"](
        image_bytes=tf.constant([stream.getvalue()]), quality=tf.constant([2])
    )
    data = done["compressed_bytes"].numpy()[0]
    assert data == codec.compress(picture, quality=2)
    shown = served["decompress"](compressed_bytes=tf.constant([data]))["image_bytes"].numpy()[0]
    pixels = np.asarray(Image.open(io.BytesIO(shown))).astype(int)
    assert np.abs(pixels - codec.decompress(data)).max() <= 1


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
        config_module.from_dict({"model": {**hyperprior_factory.BITS, **change}})
