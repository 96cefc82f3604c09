"""Old and new TensorFlow train alike.

losses.json is what TensorFlow 2.14.1 with Keras 2.14 and TensorFlow Compression 2.14.1 gave; every
stack has to come to the same figures, itself included.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.agreement import twelve_steps
from tfcomp.entropy import backend

RECORDED = json.loads((Path(__file__).parent / "losses.json").read_text())
TOLERANCE = 1e-4  # relative; 2e-7 was seen, and processors sum in other orders


@pytest.mark.parametrize("family", twelve_steps.FAMILIES)
def test_twelve_steps_cost_what_they_cost_on_tensorflow_2_14(family):
    found = twelve_steps.losses(family)
    assert found[-1] != found[0], "nothing was learnt"
    np.testing.assert_allclose(found, RECORDED[family], rtol=TOLERANCE)


def test_our_own_entropy_model_trains_as_tfcs_does(monkeypatch):
    monkeypatch.setenv(backend.ENVIRONMENT_VARIABLE, "own")
    found = twelve_steps.losses("cycle")
    np.testing.assert_allclose(found, RECORDED["cycle"], rtol=TOLERANCE)
