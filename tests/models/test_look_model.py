"""A look: another decoder, trained for the files of a model that stays as it is."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

import tfcomp
from tests import hyperprior_factory
from tfcomp import config as config_module
from tfcomp.errors import CodecError, ConfigError
from tfcomp.evaluation import lpips
from tfcomp.export import cli
from tfcomp.export.bundle import write_bundle
from tfcomp.families.look.model import LookModel
from tfcomp.families.look.perceptual import PerceptualDistance
from tfcomp.runs import run_folder, weights_file
from tfcomp.training import loop


@pytest.fixture(scope="module")
def trained():
    return hyperprior_factory.lively_model(config=hyperprior_factory.patch_config())


@pytest.fixture(scope="module")
def run(trained, tmp_path_factory):
    """The run folder of a model whose files are shown."""
    folder = tmp_path_factory.mktemp("base")
    (folder / "config.yaml").write_text(config_module.dump(hyperprior_factory.patch_config()))
    run_folder.save_weights(trained, folder)
    return folder


@pytest.fixture(scope="module")
def config(run):
    """A config of a look with more blocks, by the squared error alone."""
    base = config_module.to_dict(hyperprior_factory.patch_config())
    decoder = {**base["model"], "tied": False, "decoder_blocks": [2, 1], "encoder_blocks": []}
    base["model"] = {"family": "look", "of": str(run), "base": base["model"], "decoder": decoder}
    base["loss"] = {"lpips_weight": 0.0}
    base["data"]["crop"], base["training"]["steps"] = 64, 3
    return config_module.from_dict(base)


@pytest.fixture(scope="module")
def look(config):
    model = LookModel(config.model, config.loss).build_codec()
    model.initialize(np.zeros((1, 64, 64, 3), np.uint8))
    return model


def test_it_starts_as_the_models_own_decoder(look, trained, photograph):
    images = tf.cast(photograph[None, :64, :64], tf.float32) / 255.0
    for quality in (1, 2):
        mine, its = (model(images, tf.constant([quality]))[0] for model in (look, trained))
        np.testing.assert_allclose(mine, its, atol=1e-4)


def test_training_moves_the_decoder_alone(config, look, trained, tmp_path):
    model = loop.train(config, tmp_path / "run")
    mine, its = (weights_file.named_variables(each) for each in (model.base, trained))
    for name, variable in its.items():
        np.testing.assert_array_equal(mine[name], variable, err_msg=name)
    pairs = zip(look.trainable_variables, model.trainable_variables)
    assert sum(not np.array_equal(before, after) for before, after in pairs) > 10
    again, _ = run_folder.load_model(tmp_path / "run")
    for one, other in zip(again.trainable_variables, model.trainable_variables):
        np.testing.assert_array_equal(one, other)
    for name, tables in trained.tables.items():
        np.testing.assert_array_equal(again.tables[name].cdf, tables.cdf)


def test_a_bundle_of_the_model_shows_the_look(look, config, trained, photograph, tmp_path):
    for variable in look.shown.trainable_variables:
        variable.assign_add(0.01 * tf.random.stateless_normal(variable.shape, (1, 2)))
    write_bundle(trained, hyperprior_factory.patch_config(), tmp_path / "base", "base")
    run_folder.save_weights(look, tmp_path)
    (tmp_path / "config.yaml").write_text(config_module.dump(config))
    flags = ["--tflite", "--run", str(tmp_path), "--out", str(tmp_path / "base")]
    assert cli.main(flags) == 0
    codec = tfcomp.load(tmp_path / "base")
    data = codec.compress(photograph, quality=2)
    shown = codec.decompress(data, look="natural").astype(int)
    expected = look.shown.synthesis(*_decoded(codec, data))[0, : len(shown), : shown.shape[1]]
    assert np.abs(shown - np.clip(255 * expected, 0, 255)).max() <= 1
    assert np.abs(shown - codec.decompress(data)).max() > 2


def test_a_bundle_of_another_model_takes_no_look(look, config, tiny_bundle, tmp_path, capsys):
    run_folder.save_weights(look, tmp_path)
    (tmp_path / "config.yaml").write_text(config_module.dump(config))
    flags = ["--tflite", "--run", str(tmp_path), "--out", str(tiny_bundle)]
    assert cli.main(flags) == 2
    assert "not a bundle of the model that this look is for" in capsys.readouterr().err


def _decoded(codec, data):
    image = codec.read_file(data).frames[0].images[0]
    size = -(-image.height // 16), -(-image.width // 16)
    latents = codec.entropy_coder.decode(image.sections, image.quality, *size)
    return latents[None].astype(np.float32) / 8, tf.constant([image.quality])


def test_another_model_than_the_config_describes_is_refused(config, tiny_run):
    other = dataclasses.replace(config.model, of=str(tiny_run))
    with pytest.raises(CodecError, match="is not the model that base describes"):
        LookModel(other, config.loss).build_codec().initialize(np.zeros((1, 64, 64, 3), np.uint8))


@pytest.mark.parametrize(
    "change, words",
    [
        ({"name": "faithful"}, "can't be named"),
        ({"decoder": {"widths": [8, 8, 8, 12]}}, "the same channels"),
    ],
)
def test_what_does_not_fit_is_refused(change, words):
    with pytest.raises(ConfigError, match=words):
        config_module.from_dict({"model": {"family": "look", **change}})


def test_lpips_as_a_loss_is_lpips_as_it_is_measured():
    random = np.random.default_rng(3)
    channels = (3, 8, 8, 8, 8, 8)
    sides = (11, 5, 3, 3, 3)
    kernels = [
        random.normal(0, 0.1, (side, side, before, after)).astype(np.float32)
        for side, before, after in zip(sides, channels, channels[1:])
    ]
    parts = {f"Conv_{i}": {"kernel": k, "bias": np.zeros(8)} for i, k in enumerate(kernels)}
    linear = {
        f"NetLinLayer_{i}": {"Conv_0": {"kernel": random.uniform(0, 1, (1, 1, 8, 1))}}
        for i in range(5)
    }
    metric = lpips.Lpips({"AlexNet_0": parts, **linear})
    one, other = random.integers(0, 256, (2, 96, 80, 3)).astype(np.uint8)
    pair = [tf.constant(picture[None] / 255.0, tf.float32) for picture in (one, other)]
    found = PerceptualDistance(metric)(*pair)
    assert float(found[0]) == pytest.approx(metric.distance(one, other), rel=1e-3)
