"""Weights averaged over time: what is exported, and never what training goes on with."""

import dataclasses

import numpy as np
import pytest

from tfcomp.runs import run_folder, weights_file
from tfcomp.training import callbacks, loop, optimizers, run_checkpoints

DECAY = 0.5
STEPS, EVERY = 5, 2  # the last line of history has a step of its own, in a `fit` of its own


@pytest.fixture(scope="module")
def averaged_config(tiny_config):
    return dataclasses.replace(
        tiny_config,
        # Weights that move far, so that averages stand well apart from them.
        optimizer=dataclasses.replace(
            tiny_config.optimizer, name="adam", learning_rate=0.01, warmup_steps=0
        ),
        training=dataclasses.replace(
            tiny_config.training, steps=STEPS, log_every=EVERY, picture_every=0
        ),
    )


def _averaging(config, **training):
    return dataclasses.replace(
        config,
        optimizer=dataclasses.replace(config.optimizer, average_decay=DECAY),
        training=dataclasses.replace(config.training, **training),
    )


class _Watched:
    """The weights before the first and after every step of a run, lists of arrays."""

    def __init__(self, monkeypatch):
        self.steps = []
        ended, fit = callbacks.Checkpoints.on_train_batch_end, loop._fit

        def before(model, *rest):
            self.steps.append([v.numpy() for v in model.trainable_variables])
            return fit(model, *rest)

        def after(callback, batch, logs=None):
            self.steps.append([v.numpy() for v in callback.model.trainable_variables])
            ended(callback, batch, logs)

        monkeypatch.setattr(loop, "_fit", before)
        monkeypatch.setattr(callbacks.Checkpoints, "on_train_batch_end", after)

    def average(self):
        average = self.steps[0]
        for weights in self.steps[1:]:
            average = [DECAY * a + (1 - DECAY) * w for a, w in zip(average, weights)]
        return average


def _history(folder):
    return (folder / "history.csv").read_text()


def _saved(config, folder):
    """The trainable variables of a run's last checkpoint."""
    model = run_folder.build_model(config)
    names = {id(v): name for name, v in weights_file.named_variables(model).items()}
    saved = weights_file.read(run_checkpoints.latest(folder / "checkpoints"))
    return [saved[f"model/{names[id(v)]}"] for v in model.trainable_variables]


def _apart(ours, theirs):
    """Mean difference over all weights."""
    pairs = ((np.asarray(a), np.asarray(b)) for a, b in zip(ours, theirs))
    return np.mean(np.concatenate([np.ravel(np.abs(a - b)) for a, b in pairs]))


def _assert_same(ours, theirs, watched):
    """Equal but for rounding, which Adam can turn into a whole step of single weights."""
    averaging = _apart(watched.average(), watched.steps[-1])
    assert averaging > 5e-4, "averages and weights are too close to tell them apart"
    assert _apart(ours, theirs) < 0.05 * averaging


@pytest.fixture(scope="module")
def runs(averaged_config, tmp_path_factory):
    """A run with averages and what it passed through, and the same one without averages."""
    folder = tmp_path_factory.mktemp("averages")
    with pytest.MonkeyPatch.context() as patch:
        watched = _Watched(patch)
        model = loop.train(_averaging(averaged_config), folder / "averaged")
    loop.train(averaged_config, folder / "plain")
    return folder, model, watched


def test_the_result_is_the_average_and_begins_where_the_run_began(runs):
    folder, model, watched = runs
    assert len(watched.steps) == STEPS + 1
    _assert_same(model.trainable_variables, watched.average(), watched)
    exported, _ = run_folder.load_model(folder / "averaged")
    assert _apart(exported.trainable_variables, model.trainable_variables) == 0


def test_averages_change_no_line_of_history_and_no_step(runs, averaged_config):
    folder, _, watched = runs
    lines = [_history(folder / run).splitlines() for run in ("averaged", "plain")]
    assert len(lines[0]) == len(lines[1]) == 1 + 3
    for ours, theirs in zip(lines[0][1:], lines[1][1:]):
        np.testing.assert_allclose(
            np.array(ours.split(","), float), np.array(theirs.split(","), float), rtol=5e-3
        )
    _assert_same(watched.steps[-1], _saved(averaged_config, folder / "plain"), watched)


def test_the_last_checkpoint_holds_the_weights_and_not_their_averages(runs, averaged_config):
    folder, _, watched = runs
    assert _apart(_saved(averaged_config, folder / "averaged"), watched.steps[-1]) == 0


def test_a_run_that_ended_and_goes_on_is_one_that_never_ended(runs, averaged_config, tmp_path):
    folder, model, watched = runs
    # Of as many steps in all, or the learning rate's schedule would be another.
    part = tmp_path / "part"
    with pytest.MonkeyPatch.context() as patch:
        build = optimizers.build_optimizer
        patch.setattr(loop, "build_optimizer", lambda each, _, *rest: build(each, STEPS, *rest))
        loop.train(_averaging(averaged_config, steps=STEPS - 2), part)
    again = loop.train(_averaging(averaged_config), part, resume=True)
    _assert_same(_saved(averaged_config, part), watched.steps[-1], watched)
    _assert_same(again.trainable_variables, model.trainable_variables, watched)
    # There is nothing left to do, and doing it again changes nothing.
    once_more = loop.train(_averaging(averaged_config), part, resume=True)
    assert _apart(once_more.trainable_variables, again.trainable_variables) == 0
