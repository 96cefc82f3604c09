"""A tiny binary codec, really trained once, that its tests share."""

import pytest

from tests.conftest import ROOT

TINY = ROOT / "configs" / "binary-tiny.yaml"


@pytest.fixture(scope="session")
def binary_config():
    from tfcomp import config

    return config.load(TINY)


@pytest.fixture(scope="session")
def binary_run(tmp_path_factory, binary_config):
    """The run folder of the tiny config's whole training."""
    from tfcomp.training import loop

    folder = tmp_path_factory.mktemp("runs") / "binary"
    loop.train(binary_config, folder)
    return folder


@pytest.fixture(scope="session")
def binary_model(binary_run):
    """The trained tiny model, loaded from its folder; tests leave it as it is."""
    from tfcomp.training import run_folder

    return run_folder.load_model(binary_run)[0]


@pytest.fixture(scope="session")
def binary_bundle(tmp_path_factory, binary_run):
    """A float32 bundle and a SavedModel of the tiny run, through the export command."""
    from tfcomp.export import cli

    folder = tmp_path_factory.mktemp("exports") / "binary"
    arguments = ["--tflite", "--saved-model", "--run", str(binary_run), "--out", str(folder)]
    assert cli.main(arguments) == 0
    return folder
