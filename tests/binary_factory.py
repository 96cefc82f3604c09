"""A tiny binary codec, really trained once, that its tests share."""

from tests import tiny_runs

TINY = tiny_runs.config_file("binary")

binary_config, binary_run, binary_model, binary_bundle = tiny_runs.fixtures(
    "binary", "binary", "binary", "--tflite", "--saved-model"
)
