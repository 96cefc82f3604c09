"""What a lesson can start with: a run folder, or a bundle that holds its weights."""

import dataclasses

import numpy as np
import pytest

import tfcomp
from tests.conftest import TINY
from tfcomp import config as config_module
from tfcomp.errors import CodecError, ConfigError
from tfcomp.runs import run_folder, weights_file
from tfcomp.runtime import installing
from tfcomp.teaching.starting_run import starting_run
from tfcomp.training import loop, starting_point

pytest.importorskip("tensorflow")


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


def test_an_encoder_alone_is_not_trained_on_rounded_weights(trainable, tmp_path):
    config = config_module.load(TINY)
    settings = dataclasses.replace(
        config.training, steps=1, start_from=str(trainable), encoder_only=True
    )
    with pytest.raises(CodecError, match="weights are rounded"):
        loop.train(dataclasses.replace(config, training=settings), tmp_path / "run")


def test_it_is_a_codec_as_any_other(trainable, photograph):
    codec = tfcomp.load(trainable)
    assert codec.decompress(codec.compress(photograph)).shape == photograph.shape
