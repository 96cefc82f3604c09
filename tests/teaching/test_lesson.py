"""The clock of a lesson: its rate, its early end, and Ctrl-C."""

import os
import signal

import numpy as np
import pytest

pytest.importorskip("tensorflow")
from tfcomp.teaching.lesson import (  # noqa: E402
    HeldOutCrops,
    Lesson,
    TimedRate,
    Times,
    cuts,
    ended_by_interrupt,
)


def test_the_rate_rises_stays_and_falls_to_nothing():
    times = Times.of(1000)
    factors = [times.factor(t) for t in (0, 10, 20, 500, 750, 1000, 2000)]
    assert factors == [0.02, 0.5, 1, 1, 0.5, 0, 0]


def test_a_fall_that_begins_early_ends_early():
    times = Times.of(1000)
    times.fall_now(200)
    assert times.end == 300
    assert [times.factor(t) for t in (200, 250, 300)] == [1, 0.5, 0]


class Crops:
    """Gains that are told, instead of measured."""

    def __init__(self, gains):
        self.gains = list(gains)

    def gain(self, model):
        return self.gains.pop(0) if len(self.gains) > 1 else self.gains[0]


class Model:
    stop_training = False


def run_lesson(seconds, gains, step=1.0, stop_after=None):
    now = [0.0]
    lesson = Lesson(TimedRate(1e-3), seconds, Crops(gains), clock=lambda: now[0])
    lesson.set_model(Model())
    lesson.on_train_begin()
    while not lesson.model.stop_training:
        now[0] += step
        lesson.stopped = stop_after is not None and now[0] > stop_after
        lesson.on_train_batch_end(0)
    return lesson


def test_a_lesson_ends_with_its_time_and_looks_thirty_times():
    lesson = run_lesson(300, np.linspace(0, -60, 40))
    assert lesson.ended and not lesson.tired
    assert lesson.steps == 301 and len(lesson.looks) == 30
    assert float(lesson.rate.factor) == 0


def test_a_lesson_that_gains_nothing_ends_early():
    lesson = run_lesson(3000, [0, -5, -9, -10, -10.1])
    assert lesson.tired and 1000 < lesson.steps < 1800
    assert float(lesson.rate.factor) == 0


def test_what_is_stopped_ends_after_the_step_that_runs():
    lesson = run_lesson(3000, [0, -5], stop_after=100)
    assert lesson.ended and lesson.steps == 101


def test_the_cuts_of_a_recipe_follow_the_rate_that_was():
    found = cuts(run_lesson(1000, np.linspace(0, -60, 40)))
    assert found[0][0] == pytest.approx(0.5, abs=0.01)
    for fraction, factor in found[1:]:
        assert factor == pytest.approx(2 * (1 - fraction), abs=0.03)


@pytest.fixture
def interruptible():
    """Ctrl-C interrupts: a background job of a shell without job control ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_a_lesson_and_a_second_one_interrupts():
    lesson = Lesson(TimedRate(1e-3), 10, Crops([0]))
    said = []
    with pytest.raises(KeyboardInterrupt), ended_by_interrupt(lesson, said.append):
        os.kill(os.getpid(), signal.SIGINT)
        assert lesson.stopped and "Ctrl-C again" in said[0]
        os.kill(os.getpid(), signal.SIGINT)


def test_held_out_crops_notice_a_model_that_has_got_better(tiny_model, photograph):
    pytest.importorskip("bjontegaard")
    crops = np.stack([photograph[:64, :64]] * 5)
    held_out = HeldOutCrops(crops, tiny_model.qualities)
    assert held_out.gain(tiny_model) == pytest.approx(0, abs=1e-6)
    tiny_model.log_gain.assign_add(np.full(tiny_model.log_gain.shape, -3.0, np.float32))
    assert held_out.gain(tiny_model) != pytest.approx(0, abs=1)
