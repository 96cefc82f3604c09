"""A tiny codec, really trained once, that the tests of models, export and training share."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

ROOT = Path(__file__).resolve().parent.parent
TINY = ROOT / "configs" / "cycle-tiny.yaml"


@pytest.fixture(scope="session")
def tiny_config():
    from tfcomp import config

    return config.load(TINY)


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory, tiny_config):
    """The run folder of the tiny config's whole training."""
    from tfcomp.training import loop

    folder = tmp_path_factory.mktemp("runs") / "tiny"
    loop.train(tiny_config, folder)
    return folder


@pytest.fixture()
def tiny_model(tiny_run):
    """The trained tiny model, a fresh copy for each test."""
    from tfcomp.training import run_folder

    return run_folder.load_model(tiny_run)[0]


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory, tiny_run):
    """A float32 bundle and a SavedModel of the tiny run, through the export command."""
    from tfcomp.export import cli

    folder = tmp_path_factory.mktemp("exports") / "tiny"
    arguments = ["--tflite", "--saved-model", "--run", str(tiny_run), "--out", str(folder)]
    assert cli.main(arguments) == 0
    return folder


@pytest.fixture(scope="session")
def photograph():
    """An embedded photograph that no sample training sees: uint8 [64, 96, 3]."""
    from tfcomp.data.sample_source import sample_images

    return sample_images("test")["chelsea"][100:164, 100:196]
