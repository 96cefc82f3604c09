"""Tiny codecs, really trained once: what the fixtures of every family are made with."""

from pathlib import Path

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
