"""The other TensorFlow of docs/stacks.md, where its environment stands beside the checkout."""

from __future__ import annotations

import subprocess

import tensorflow as tf

from tests.conftest import ROOT

ENVIRONMENTS = (".venv", ".venv-new", ".venv-old")  # as the Makefile names them
_VERSION = "from importlib.metadata import version; print(version('tensorflow'))"


def python() -> str | None:
    """A Python with another minor version of TensorFlow than this one's, or None."""
    for name in ENVIRONMENTS:
        program = ROOT / name / "bin" / "python"
        if not program.exists():
            continue
        asked = subprocess.run([program, "-c", _VERSION], cwd=ROOT, capture_output=True, text=True)
        found = asked.stdout.strip()
        if found and found.split(".")[:2] != tf.__version__.split(".")[:2]:
            return str(program)
    return None
