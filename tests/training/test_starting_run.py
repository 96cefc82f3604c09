"""What a lesson can start with: a run folder, or a bundle that holds its weights."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

import tfcomp
from tests import hyperprior_factory
from tests.conftest import TINY
from tfcomp import config as config_module
from tfcomp.errors import CodecError, ConfigError
from tfcomp.export.bundle import write_bundle
from tfcomp.runs import run_folder, weights_file
from tfcomp.runs.starting_run import starting_run
from tfcomp.runtime import installing
from tfcomp.training import loop, starting_point


@pytest.fixture(scope="module")
def trainable(tiny_run, tmp_path_factory):
    """The tiny run as a bundle that can be trained on with."""
    from tfcomp.export import cli

    folder = tmp_path_factory.mktemp("bundles") / "to-teach"
    assert cli.main(["--tflite", "--run", str(tiny_run), "--out", str(folder), "--trainable"]) == 0
    return folder


@pytest.fixture()
def installed(trainable):
    yield installing.install(trainable, force=True)
    installing.remove("to-teach")


def test_a_bundle_with_weights_is_found_by_folder_and_by_name(trainable, installed):
    assert starting_run(str(trainable)) == trainable
    assert starting_run("to-teach") == installed.path


def test_its_weights_are_the_runs_to_eleven_bits(trainable, tiny_run):
    found, config = run_folder.load_model(trainable)
    run, _ = run_folder.load_model(tiny_run)
    theirs = weights_file.named_variables(run)
    for name, variable in weights_file.named_variables(found).items():
        np.testing.assert_allclose(variable, theirs[name], rtol=2**-11, atol=1e-7, err_msg=name)
    assert config.model == config_module.load(tiny_run / "config.yaml").model


def test_kernels_are_read_from_its_networks(tmp_path):
    config = hyperprior_factory.patch_config()
    model = hyperprior_factory.lively_model(config=config)
    write_bundle(model, config, tmp_path / "half", "half", quantize="float16", trainable=True)
    held = np.load(tmp_path / "half" / "weights.npz").files
    found = weights_file.named_variables(run_folder.load_model(tmp_path / "half")[0])
    assert len([name for name in found if name not in held]) >= 2
    for name, variable in weights_file.named_variables(model).items():
        half = tf.cast(variable, tf.float16)
        np.testing.assert_array_equal(found[name], tf.cast(half, tf.float32), err_msg=name)
    network = tmp_path / "half" / "encoder.tflite"
    network.write_bytes(network.read_bytes()[:2000])
    with pytest.raises(CodecError, match="take another copy of the bundle"):
        run_folder.load_model(tmp_path / "half")


def test_it_leaves_out_what_is_for_dependent_frames(tmp_path):
    config = hyperprior_factory.sequence_config(hyperprior_factory.tiny_config())
    model = run_folder.build_model(config)
    run_folder.save_weights(model, tmp_path)
    run_folder.save_trainable(model, config, tmp_path)
    found, saved = run_folder.load_model(tmp_path)
    assert not saved.model.hyperprior.sequence and found.prior.sequence is None


def test_a_training_goes_on_from_it_with_its_entropy_model(trainable, tiny_model):
    pictures = np.zeros((1, 64, 64, 3), np.uint8)
    assert starting_point.start_from(tiny_model, trainable, pictures)


def test_it_says_nothing_of_where_pictures_lay(trainable):
    config = config_module.load(trainable / "config.yaml")
    assert config.data.source == "sample" and config.training.start_from is None


def test_a_bundle_without_weights_says_what_to_do(tiny_bundle):
    for name in ("vaegan-faces", str(tiny_bundle)):
        with pytest.raises(ConfigError, match="export that with --trainable"):
            starting_run(name)


def test_what_is_not_there_names_what_is(installed):
    with pytest.raises(ConfigError, match="no run to start from.*to-teach"):
        starting_run("nothing")


def test_an_encoder_alone_is_not_trained_on_rounded_weights(installed, tmp_path):
    config = config_module.load(TINY)
    settings = dataclasses.replace(
        config.training, steps=1, start_from="to-teach", encoder_only=True
    )
    with pytest.raises(CodecError, match="weights are rounded"):
        loop.train(dataclasses.replace(config, training=settings), tmp_path / "run")


def test_it_is_a_codec_as_any_other(trainable, photograph):
    codec = tfcomp.load(trainable)
    assert codec.decompress(codec.compress(photograph)).shape == photograph.shape
