import dataclasses
from pathlib import Path

import pytest

from tfcomp import config
from tfcomp.config import recipe
from tfcomp.errors import ConfigError

CONFIGS = sorted((Path(__file__).parent.parent / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.name)
def test_every_config_in_the_repository_loads(path):
    assert recipe.load(path).family in path.name


def test_a_config_written_and_read_again_is_the_same(tmp_path):
    original = config.Config(model=config.ModelConfig(widths=(4, 8), residual_blocks=(1, 0)))
    (tmp_path / "c.yaml").write_text(config.dump(original))
    assert config.load(tmp_path / "c.yaml") == original


def test_numbers_in_exponent_notation_are_numbers(tmp_path):
    (tmp_path / "c.yaml").write_text("optimizer: {learning_rate: 1e-3}\n")
    assert config.load(tmp_path / "c.yaml").optimizer.learning_rate == 1e-3


@pytest.mark.parametrize(
    "text, named",
    [
        ("model: {widhts: [4]}", "widhts"),
        ("modle: {}", "modle"),
        ("model: {widths: [4, 8]}", "residual_blocks"),
        ("model: {default_quality: 9}", "default_quality"),
        ("model: {tied: 3.5}", "tied"),
        ("training: {steps: 0}", "steps"),
        ("training: {precision: float8}", "float8"),
        ("loss: {distortion: psnr}", "psnr"),
        ("data: {crop: many}", "crop"),
        ("- 1", "sections"),
        ("model: [", "YAML"),
    ],
)
def test_a_wrong_config_is_refused_in_one_line_that_names_the_fault(tmp_path, text, named):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ConfigError) as error:
        config.load(tmp_path / "c.yaml")
    assert named in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_config_is_named():
    with pytest.raises(ConfigError, match="nowhere.yaml"):
        config.load("nowhere.yaml")


def test_configs_can_not_be_changed_after_the_fact():
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.Config().model.tied = False


@pytest.mark.parametrize(
    "model",
    [
        {"prior": "hyper"},
        {"prior": "hyperprior", "widths": [8, 16], "residual_blocks": [0, 0]},
        {"prior": "hyperprior", "qualities": 3, "default_quality": 1},
        {"hyperprior": {"checkerboard": 5}},
        {"hyperprior": {"checkerboard": 1, "quincunx": 2}},
        {"hyperprior": {"groups": [0, 320]}},
        {"feedback_gains": [1.0] * 8},  # for a factorized prior
        {"prior": "hyperprior", "feedback_gains": [1.0] * 7},
        {"prior": "hyperprior", "feedback_gains": [1.0] * 7 + [1.1]},
        {"gradient_gains": [0.2] * 8},
        {"prior": "hyperprior", "gradient_gains": [0.2] * 7},
        {"prior": "hyperprior", "gradient_gains": [0.2] * 7 + [-0.1]},
        {"rate_gains": [0.2] * 8},
        {"prior": "hyperprior", "rate_gains": [0.2] * 7 + [1.1]},
        {"prior": "hyperprior", "feedback_distortion_weights": [15] * 7},
        {"prior": "hyperprior", "feedback_distortion_weights": [15] * 7 + [0]},
    ],
)
def test_a_hyperprior_that_cannot_be_is_refused(model):
    with pytest.raises(ConfigError):
        config.from_dict({"model": model})
