"""Imports TensorFlow without its remarks about graphics cards."""

from __future__ import annotations

import importlib
import logging
import os
import re
import sys

from tfcomp.runtime.standard_error import without_lines

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_ERRORS_ONLY = "2"
# What every import of TensorFlow 2.14 and later writes at the level of errors.
_NOISE = re.compile(
    rb"Unable to register cu[A-Z]+ factory: Attempting to register factory for plugin"
    rb"|computation placer already registered"
    rb"|All log messages before absl::InitializeLog\(\) is called are written to STDERR"
    rb"|Could not find cuda drivers on your machine"
    rb"|TF-TRT Warning: Could not find TensorRT"
    rb"|This TensorFlow binary is optimized to use available CPU instructions"
    rb"|To enable the following instructions: "
    # Remarks, and a driver that is not there, as 2.21 writes them.
    rb"|^I\d{4} \d\d:\d\d:"
    rb"|failed call to cuInit: .*UNKNOWN ERROR \(303\)"
)


def import_quietly() -> None:
    """Imports TensorFlow, which then writes errors only to standard error.

    Where TF_CPP_MIN_LOG_LEVEL is set, it holds instead.

    Raises:
      ImportError: it is not installed.
    """
    for name in ("tensorflow", "absl"):  # remarks of the exporters on assets and signatures
        logging.getLogger(name).setLevel(logging.ERROR)
    if "tensorflow" in sys.modules:
        return
    if _LEVEL in os.environ:
        importlib.import_module("tensorflow")
        return
    os.environ[_LEVEL] = _ERRORS_ONLY
    with without_lines(_NOISE):
        tensorflow = importlib.import_module("tensorflow")
        tensorflow.config.list_physical_devices("GPU")  # which looks for a driver
