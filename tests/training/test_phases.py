import csv
import dataclasses

import numpy as np
import pytest

from tests.conftest import TINY
from tfcomp.config import recipe
from tfcomp.errors import CodecError, ConfigError
from tfcomp.runs import claiming, run_folder, weights_file
from tfcomp.training import cli, phases

PHASES = [
    {"name": "transforms", "training": {"steps": 6, "log_every": 2, "picture_every": 0}},
    {
        "name": "finish",
        "training": {"steps": 4, "log_every": 2, "picture_every": 0},
        "optimizer": {"learning_rate": 1e-4},
    },
]


@pytest.fixture(scope="module")
def two_phases(tmp_path_factory):
    """(The recipe's file, the folder of a run of it, the trained model's weights.)"""
    import yaml

    folder = tmp_path_factory.mktemp("phases")
    values = {**yaml.safe_load(TINY.read_text()), "phases": PHASES}
    (folder / "recipe.yaml").write_text(yaml.safe_dump(values))
    model = phases.train(recipe.load(folder / "recipe.yaml"), folder / "run")
    return folder / "recipe.yaml", folder / "run", _weights(model)


def _weights(model):
    return {
        name: np.asarray(value) for name, value in weights_file.named_variables(model).items()
    }


def _equal(first, second):
    return first.keys() == second.keys() and all(
        np.array_equal(first[name], second[name]) for name in first
    )


def test_a_run_of_several_phases_is_read_like_any_other(two_phases):
    path, folder, weights = two_phases
    model, config = run_folder.load_model(folder)
    assert _equal(_weights(model), weights)
    assert config.optimizer.learning_rate == 1e-4
    with (folder / "history.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["phase"] for line in lines] == ["transforms"] * 3 + ["finish"] * 2
    assert recipe.load(folder / "recipe.yaml") == recipe.load(path)


def test_a_phase_starts_with_what_the_one_before_has_learnt(two_phases):
    _, folder, _ = two_phases
    first, _ = run_folder.load_model(folder / "phases" / "1-transforms")
    last, _ = run_folder.load_model(folder)
    untrained = run_folder.build_model(recipe.load(TINY).phases[0].config)
    name = "levels/0/0/kernel"
    near = np.abs(_weights(last)[name] - _weights(first)[name]).max()
    far = np.abs(_weights(last)[name] - _weights(untrained)[name]).max()
    assert 0 < near < 0.1 * far


@pytest.mark.parametrize("stopped_in", [0, 1])
def test_a_run_that_was_stopped_in_any_phase_goes_on_from_there(
    two_phases, tmp_path, monkeypatch, stopped_in
):
    path, _, weights = two_phases
    made = recipe.load(path)
    from tfcomp.training import loop

    whole = loop.train

    def short(config, folder, resume=False):
        """Trains like the real one, but stops in one phase after its first two steps."""
        if folder.name.startswith(str(stopped_in + 1)) and not resume:
            training = dataclasses.replace(config.training, steps=2)
            whole(dataclasses.replace(config, training=training), folder)
            for name in ("weights.npz", "tables.npz"):
                (folder / name).unlink()
            raise KeyboardInterrupt
        return whole(config, folder, resume)

    monkeypatch.setattr(loop, "train", short)
    with pytest.raises(KeyboardInterrupt):
        phases.train(made, tmp_path / "run")
    model = phases.train(made, tmp_path / "run", resume=True)
    assert {name: value.shape for name, value in _weights(model).items()} == {
        name: value.shape for name, value in weights.items()
    }
    again = phases.train(made, tmp_path / "run", resume=True)
    assert _equal(_weights(again), _weights(model))


def test_the_command_trains_a_recipe_and_says_its_result(two_phases, tmp_path, capsys):
    path, folder, _ = two_phases
    arguments = ["--model", "cycle", "--config", str(path), "--out", str(tmp_path / "run")]
    assert cli.main([*arguments, "--steps", "2"]) == 0
    assert (tmp_path / "run" / "phases" / "2-finish" / "weights.npz").is_file()
    assert "history.csv" in capsys.readouterr().out
    assert cli.main([*arguments, "--steps", "2"]) == 2
    assert "--resume" in capsys.readouterr().err


def test_steps_are_shared_among_phases():
    plain = recipe.from_dict({"phases": PHASES})
    for total, shares in ((10, [6, 4]), (100, [60, 40]), (5, [3, 2]), (2, [1, 1])):
        steps = [phase.config.training.steps for phase in plain.with_steps(total).phases]
        assert steps == shares
    with pytest.raises(ConfigError, match="2 phases need"):
        plain.with_steps(1)


def test_a_recipe_says_every_phase_in_full_and_is_read_back(tmp_path):
    made = recipe.from_dict({"training": {"seed": 9}, "phases": PHASES})
    (tmp_path / "r.yaml").write_text(recipe.dump(made))
    assert recipe.load(tmp_path / "r.yaml") == made
    assert {phase.config.training.seed for phase in made.phases} == {9}
    one = recipe.load(TINY)
    (tmp_path / "one.yaml").write_text(recipe.dump(one))
    assert recipe.load(tmp_path / "one.yaml") == one


@pytest.mark.parametrize(
    "values,message",
    [
        ({"phases": []}, "at least one phase"),
        ({"phases": {"name": "a"}}, "must be a list"),
        ({"phases": [{"training": {}}]}, "phase 1 needs a name"),
        ({"phases": [{"name": "../a"}]}, "can't be named"),
        ({"phases": [{"name": "a"}, {"name": "a"}]}, "names that differ"),
        ({"phases": [{"name": "a", "training": {"step": 3}}]}, "step.*phase 'a'"),
        ({"phases": [{"name": "a"}, {"name": "b", "model": {"family": "binary"}}]}, "one family"),
        (
            {"phases": [{"name": "a"}, {"name": "b", "training": {"start_from": "x"}}]},
            "leave out start_from",
        ),
    ],
)
def test_a_wrong_recipe_is_refused_in_one_sentence(values, message):
    with pytest.raises(ConfigError, match=message):
        recipe.from_dict(values)


def test_a_folder_without_a_run_can_not_be_resumed(tmp_path):
    with pytest.raises(CodecError, match="holds no run"):
        claiming.claimed_by(tmp_path)
