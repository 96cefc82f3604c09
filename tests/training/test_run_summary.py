"""A run in a few lines, for manifests and model cards."""

import dataclasses

from tests.conftest import TINY
from tfcomp import config as config_module
from tfcomp.config import recipe as recipe_module
from tfcomp.runs.run_summary import summarize


def test_losses_are_those_of_pictures_without_a_phase_for_dependent_frames(tmp_path):
    config = config_module.load(TINY)
    frames = dataclasses.replace(config.training, sequence_only=True)
    phases = (
        recipe_module.Phase("transforms", config),
        recipe_module.Phase("frames", dataclasses.replace(config, training=frames)),
    )
    (tmp_path / "recipe.yaml").write_text(recipe_module.dump(recipe_module.Recipe(phases)))
    lines = ["phase,loss", "transforms,5.0", "transforms,2.25", "frames,0.7"]
    (tmp_path / "history.csv").write_text("\n".join(lines) + "\n")
    found = summarize(config, tmp_path)
    assert found["loss, first to last line of history"] == "5.000 -> 2.250"
    assert found["phase 2, frames"].startswith("12 steps, 2 crops of 32x32")
