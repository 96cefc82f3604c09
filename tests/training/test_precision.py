import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests import tiny_runs
from tfcomp import config as config_module
from tfcomp.errors import ConfigError
from tfcomp.runs import run_folder
from tfcomp.training import loop, precision


def _flags_file(tmp_path, flags):
    path = tmp_path / "cpuinfo"
    path.write_text(f"processor\t: 0\nflags\t\t: fpu {flags} avx2\nprocessor\t: 1\n")
    return path


@pytest.mark.parametrize(
    "flags, policy",
    [("amx_bf16", "mixed_bfloat16"), ("avx512_bf16", "mixed_bfloat16"), ("avx512f", "float32")],
)
def test_auto_takes_bfloat16_where_the_processor_has_it(tmp_path, monkeypatch, flags, policy):
    found = precision.processor_flags(_flags_file(tmp_path, flags))
    assert flags in found and "avx2" in found
    monkeypatch.setattr(precision, "processor_flags", lambda: found)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    name, reason = precision.chosen("auto")
    assert name == policy
    assert flags in reason or policy == "float32"


def test_a_system_that_does_not_tell_gets_float32(tmp_path):
    assert not precision.processor_flags(tmp_path / "nothing")


def test_what_the_configuration_says_is_taken():
    assert precision.chosen("mixed_bfloat16")[0] == "mixed_bfloat16"
    with pytest.raises(ConfigError, match="use auto, float32 or mixed_bfloat16"):
        config_module.from_dict({"training": {"precision": "half"}})
    with pytest.raises(ConfigError, match="float32_from"):
        config_module.from_dict({"training": {"float32_from": 1.5}})


@pytest.mark.parametrize(
    "done, change, expected",
    [
        (0, 90, [(0, 90, False), (90, 10, True)]),
        (0, 93, [(0, 90, False), (90, 10, True)]),  # whole lines of history
        (95, 90, [(95, 5, True)]),
        (0, 0, [(0, 100, True)]),
        (0, 100, [(0, 100, False)]),
        (45, 90, [(45, 40, False), (85, 15, True)]),
    ],
)
def test_a_run_changes_over_at_a_whole_line_of_history(done, change, expected):
    assert precision.parts(done, 100, 10, change) == expected


@pytest.mark.parametrize("family", ["cycle", "vaegan"])
def test_a_run_begins_in_bfloat16_and_ends_in_float32(tmp_path, monkeypatch, family):
    config = tiny_runs.load_config(family)
    training = dataclasses.replace(
        config.training, steps=4, log_every=2, picture_every=0, precision="mixed_bfloat16",
        float32_from=0.5,
    )
    config = dataclasses.replace(config, training=training)
    seen = []
    fit_part = loop._fit_part

    def watched(model, *rest):
        image = tf.zeros([1, 64, 64, 3]) + 0.3
        latents = model.transform(image).numpy()
        # What bfloat16 computes has 8 significant bits in float32's 24.
        seen.append((model.transform_dtype, bool(np.all(_fits_bfloat16(latents)))))
        return fit_part(model, *rest)

    monkeypatch.setattr(loop, "_fit_part", watched)
    model = loop.train(config, tmp_path / "run")
    assert seen == [("bfloat16", True), ("float32", False)]
    assert model.transform_dtype == "float32"
    assert len((tmp_path / "run" / "history.csv").read_text().splitlines()) == 3
    # The exported weights know nothing of it.
    again, _ = run_folder.load_model(tmp_path / "run")
    assert again.transform_dtype == "float32"


def _fits_bfloat16(values):
    return values.view(np.uint32) & 0xFFFF == 0
