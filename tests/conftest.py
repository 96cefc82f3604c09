"""A tiny codec, really trained once, that the tests of models, export and training share."""

import atexit
import os
import random
import shutil
import sys
import tempfile
import zlib

import numpy as np
import pytest

from tests import needs, tiny_runs

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# Models that were installed on this machine are no part of the tests.
os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="tfcomp-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_DATA_HOME"], ignore_errors=True)

ROOT = tiny_runs.ROOT
TINY = tiny_runs.config_file("cycle")


# The model is a fresh copy for each test.
tiny_config, tiny_run, tiny_model, tiny_bundle = tiny_runs.fixtures(
    "cycle", "tiny", "tiny", "--tflite", "--saved-model", model_scope="function"
)


@pytest.fixture(scope="session")
def photograph():
    """An embedded photograph that no sample training sees: uint8 [64, 96, 3]."""
    from tfcomp.data.sample_source import sample_images

    return sample_images("test")["chelsea"][100:164, 100:196]


def pytest_runtest_setup(item):
    """Every test draws the same weights and noise each time, whatever ran before it."""
    random.seed(7)
    np.random.seed(7)
    if "tensorflow" in sys.modules:
        _seed_tensorflow(zlib.crc32(item.nodeid.encode()))


def _seed_tensorflow(seed: int) -> None:
    """What `tf.random.set_seed` does, but for its end: that drops all kernels of all graphs.

    To make those of an exported model again takes ten seconds. A kernel that draws goes on where
    it was, so no two tests may share one: each has a seed of its own.
    """
    from tensorflow.python.eager import context

    eager = context.context()
    eager._seed, eager._rng = seed, random.Random(seed)


def pytest_terminal_summary(terminalreporter):
    """What was skipped and how to run it, so that nobody takes a part for the whole."""
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section(f"skipped on {needs.stack()}, and how to run it")
    for line in needs.lines(map(_path_and_reason, skipped)):
        terminalreporter.write_line(line)


def _path_and_reason(report) -> tuple[str, str]:
    """The test file's path and why it was skipped."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return report.nodeid.partition("::")[0], reason.removeprefix("Skipped: ")
