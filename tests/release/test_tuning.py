"""Each number of an encoder is searched for from the run's own, and never for a worse one."""

import subprocess
import sys

import numpy as np
import pytest

from tests.conftest import ROOT
from tfcomp.release import tuning
from tfcomp.release.tuning import _least


def parabola(best):
    """Costs of two pictures, of which one is dearer."""
    return lambda value: (value - best) ** 2 + np.array([3.0, 4.0])


def test_the_least_of_a_parabola_is_found_in_a_few_tries():
    asked = []

    def cost(value):
        asked.append(value)
        return parabola(0.3)(value)

    value, least = _least(cost, 0.9, cost(0.9), is_weight=False)
    assert value == pytest.approx(0.3, abs=0.05)
    np.testing.assert_array_equal(least, parabola(0.3)(value))
    assert len(asked) <= 2 + tuning._TRIES
    assert asked == [round(each, 2) for each in asked], "numbers are tried as they are written"


def test_a_weight_is_searched_for_by_its_logarithm():
    value, _ = _least(parabola(15), 50.0, parabola(15)(50.0), is_weight=True)
    assert value == pytest.approx(15, rel=0.2)


def test_the_runs_own_number_stays_where_nothing_is_better():
    assert _least(lambda value: np.ones(2), 0.37, np.ones(2), is_weight=False)[0] == 0.37
    best = parabola(21.428)
    assert _least(best, 21.428, best(21.428), is_weight=True)[0] == 21.428


def test_what_saves_on_one_picture_and_costs_on_another_changes_nothing():
    def cost(value):
        return np.array([2.0 - value, 2.0 + 0.9 * value])

    assert _least(cost, 0.2, cost(0.2), is_weight=False)[0] == 0.2


def test_not_at_all_is_tried_too():
    value, _ = _least(parabola(0), 0.5, parabola(0)(0.5), is_weight=False)
    assert value == 0


def test_numpy_is_not_loaded_before_the_command_limits_its_threads():
    code = "import sys, tfcomp.cli; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
