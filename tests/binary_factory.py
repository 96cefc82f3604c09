"""A tiny binary codec, really trained once, that its tests share."""

import pytest

from tests import tiny_runs

TINY = tiny_runs.config_file("binary")


@pytest.fixture(scope="session")
def binary_config():
    return tiny_runs.load_config("binary")


@pytest.fixture(scope="session")
def binary_run(tmp_path_factory, binary_config):
    """The run folder of the tiny config's whole training."""
    return tiny_runs.train(binary_config, tmp_path_factory, "binary")


@pytest.fixture(scope="session")
def binary_model(binary_run):
    """The trained tiny model, loaded from its folder; tests leave it as it is."""
    return tiny_runs.load_model(binary_run)


@pytest.fixture(scope="session")
def binary_bundle(tmp_path_factory, binary_run):
    """A float32 bundle and a SavedModel of the tiny run, through the export command."""
    return tiny_runs.export(binary_run, tmp_path_factory, "--tflite", "--saved-model")
