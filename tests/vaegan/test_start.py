import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tfcomp.errors import CodecError, ConfigError
from tfcomp.families.vaegan.model import VaeganModel
from tfcomp.runs import run_folder
from tfcomp.training import cli, starting_point


def test_a_run_can_start_from_another_with_all_its_weights(
    vaegan_config, vaegan_model, vaegan_run, photograph_pieces
):
    model = run_folder.build_model(vaegan_config)
    assert starting_point.start_from(model, vaegan_run, photograph_pieces)
    for mine, trained in zip(model.trainable_variables, vaegan_model.trainable_variables):
        np.testing.assert_array_equal(mine, trained)
    np.testing.assert_array_equal(model.log_lambda, vaegan_model.log_lambda)


def test_a_start_from_other_widths_is_one_clear_error(
    vaegan_config, vaegan_run, photograph_pieces
):
    settings = dataclasses.replace(vaegan_config.model, num_channels=10)
    model = VaeganModel(settings, vaegan_config.loss).build_codec()
    with pytest.raises(CodecError, match="other widths"):
        starting_point.start_from(model, vaegan_run, photograph_pieces)


def test_the_number_of_channels_is_a_flag(monkeypatch):
    monkeypatch.chdir(Path(__file__).resolve().parent.parent.parent)
    options = cli.parse(
        ["--model", "vaegan", "--config", "configs/vaegan-channels.yaml", "--num-channels", "8"]
    )
    (phase,) = cli.read_recipe(options).phases
    model = phase.config.model
    assert (model.num_channels, model.ladder) == (8, (2, 4, 8))
    options = cli.parse(["--model", "cycle", "--num-channels", "8"])
    with pytest.raises(ConfigError, match="use it with vaegan"):
        cli.read_recipe(options)
