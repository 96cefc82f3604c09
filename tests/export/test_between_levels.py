"""Bundles whose qualities are continuous: trained levels and what lies between two of them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import tfcomp
from tests import hyperprior_export, hyperprior_factory
from tfcomp import config
from tfcomp.data.sample_source import sample_images
from tfcomp.errors import ConfigError
from tfcomp.latent_search.levels import LevelFiles
from tfcomp.networks.padding import EdgePadded
from tfcomp.runs import run_folder


@pytest.fixture(scope="module")
def model():
    return hyperprior_factory.lively_model(config=hyperprior_factory.between_config())


@pytest.fixture(scope="module")
def codec(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("between")
    run = folder / "run"
    run.mkdir()
    (run / "config.yaml").write_text(config.dump(hyperprior_factory.between_config()))
    run_folder.save_weights(model, run)
    out = hyperprior_export.export(run, folder / "bundle", "--tflite", "--saved-model")
    return tfcomp.load(out)


@pytest.fixture(scope="module")
def photo():
    return sample_images("test")["chelsea"][:64, :80].copy()


@pytest.mark.parametrize("quality", [1.03125, 1.5, 1.75])
def test_networks_do_between_two_levels_what_the_model_does(codec, model, photo, quality):
    level = tf.constant([quality])
    latents = codec.encode_image(EdgePadded(photo, 16), quality)
    expected = model.analysis(tf.constant(photo[None] / 255.0, tf.float32), level)
    np.testing.assert_allclose(latents, expected[0], atol=1e-4)
    decoded = codec.entropy_coder.encode_and_decode(latents, quality)[1]
    pixels = 255.0 * model.synthesis(decoded[None] / 8.0, level)[0].numpy().clip(0, 1)
    assert np.abs(codec.decode_latents(decoded, quality, photo.shape[:2]) - pixels).max() < 1


def test_a_file_between_two_levels_says_so_and_decodes(codec, photo):
    data = codec.plain_file(photo, 1.5)
    picture = codec.read_file(data)
    assert picture.version == 2 and picture.frames[0].images[0].level == 1.5
    latents = codec.encode_image(EdgePadded(photo, 16), 1.5)
    decoded = codec.entropy_coder.encode_and_decode(latents, 1.5)[1]
    expected = codec.decode_latents(decoded, 1.5, photo.shape[:2])
    np.testing.assert_array_equal(codec.decompress(data), expected)


@pytest.mark.parametrize("quality", [1, 1.25, 1.5, 2])
def test_served_models_read_qualities_between_levels(served, codec, photo, quality):
    data = codec.compress(photo, quality)
    answer = served.signatures["decompress"](compressed_bytes=tf.constant([data]))
    assert answer["error"].numpy() == [b""]
    pixels = tf.io.decode_png(answer["image_bytes"][0]).numpy()
    assert np.abs(pixels.astype(int) - codec.decompress(data)).max() <= 1


def test_served_models_write_the_levels(served, codec, photo):
    png = tf.io.encode_png(photo)
    answer = served.signatures["compress"](
        image_bytes=tf.stack([png, png]), quality=tf.constant([1, 2])
    )
    assert answer["error"].numpy().tolist() == [b"", b""]
    for quality, data in zip((1, 2), answer["compressed_bytes"].numpy()):
        again = codec.read_file(data).frames[0].images[0]
        assert again.level == quality
        difference = codec.decompress(data).astype(int) - codec.decompress(
            codec.plain_file(photo, quality)
        )
        assert np.abs(difference).mean() < 1 or len(data) == len(codec.plain_file(photo, quality))


@pytest.fixture(scope="module")
def served(codec):
    return tf.saved_model.load(str(Path(codec.info["source"]) / "1"))


def test_whole_levels_are_written_as_ever(codec, photo):
    assert codec.compress(photo, 2)[3] == codec.compress(photo, 2.0)[3] == 1
    assert codec.compress(photo, 2) == codec.compress(photo, np.float32(2.004))


def test_each_quality_has_gains_and_biases_of_its_own(codec, photo):
    files = {codec.compress(photo, 1 + step / 8) for step in range(9)}
    assert len(files) == 9


@pytest.mark.parametrize("quality", [0.9, 2.1, float("nan"), "1.5", True])
def test_a_quality_out_of_range_is_refused(codec, photo, quality):
    with pytest.raises(ConfigError):
        codec.compress(photo, quality)


def test_rounds_and_descent_know_qualities_between_levels(codec, photo):
    for effort in (1, 7):
        data = codec.compress(photo, 1.5, effort=effort)
        assert codec.read_file(data).frames[0].images[0].level == 1.5
        assert codec.decompress(data).shape == photo.shape


def test_a_limit_of_bytes_is_filled_to_the_nearest_32nd(photo):
    made = []

    def make(level):
        made.append(level)
        return bytes(int(1000 * 2**level))

    files = LevelFiles(np.zeros((600, 600, 3), np.uint8), 8, make, None, [], False, steps=32)
    assert len(files.best_within(10_000)) == int(1000 * 2 ** (3 + 10 / 32))
    assert len(made) < 15
    assert len(files.best_within(10**9)) == 256_000


def test_a_model_of_whole_levels_says_so(installed_tiny, photo):
    with pytest.raises(ConfigError, match="whole number"):
        installed_tiny.compress(photo, 1.5)


@pytest.fixture(scope="module")
def installed_tiny(tiny_bundle):
    return tfcomp.load(tiny_bundle)


def test_training_draws_qualities_between_levels(model):
    run = hyperprior_factory.between_config()
    assert dataclasses.replace(run.model, quality_steps=1) != run.model
    images = tf.constant(np.stack([i[:64, :64] for i in sample_images("train").values()][:2]))
    model.compile(tf.keras.optimizers.Adam(1e-4))
    model.seed = 1
    assert np.isfinite(float(model.train_step(images)["loss"]))
