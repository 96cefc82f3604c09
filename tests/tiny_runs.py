"""Tiny codecs, really trained once: what the fixtures of every family are made with."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def config_file(family):
    """configs/FAMILY-tiny.yaml."""
    return ROOT / "configs" / f"{family}-tiny.yaml"


def load_config(family):
    from tfcomp import config

    return config.load(config_file(family))


def train(config, tmp_path_factory, name):
    """The run folder, of this name, of a config's whole training."""
    from tfcomp.training import loop

    folder = tmp_path_factory.mktemp("runs") / name
    loop.train(config, folder)
    return folder


def load_model(run):
    """A fresh copy of a run's trained model."""
    from tfcomp.runs import run_folder

    return run_folder.load_model(run)[0]


def export(run, tmp_path_factory, *flags):
    """The bundle that the export command makes of a run, named like the run's folder."""
    from tfcomp.export import cli

    folder = tmp_path_factory.mktemp("exports") / run.name
    assert cli.main([*flags, "--run", str(run), "--out", str(folder)]) == 0
    return folder


def fixtures(family, prefix, run_name, *flags, model_scope="session"):
    """The fixtures PREFIX_config, PREFIX_run, PREFIX_model and PREFIX_bundle of a family.

    Args:
      family: of configs/FAMILY-tiny.yaml.
      prefix: of the names that the caller gives them.
      run_name: of the run's folder, and of its bundle.
      flags: what the export command makes of the run.
      model_scope: tests leave a model that they share as it is.
    """

    @pytest.fixture(scope="session")
    def config():
        return load_config(family)

    @pytest.fixture(scope="session")
    def run(tmp_path_factory, request):
        """The run folder of the tiny config's whole training."""
        return train(request.getfixturevalue(f"{prefix}_config"), tmp_path_factory, run_name)

    @pytest.fixture(scope=model_scope)
    def model(request):
        """The trained tiny model, loaded from its folder."""
        return load_model(request.getfixturevalue(f"{prefix}_run"))

    @pytest.fixture(scope="session")
    def bundle(tmp_path_factory, request):
        """What the export command makes of the tiny run."""
        return export(request.getfixturevalue(f"{prefix}_run"), tmp_path_factory, *flags)

    return config, run, model, bundle
