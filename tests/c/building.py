"""Builds the C library."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.conftest import ROOT


def run(*command: object) -> subprocess.CompletedProcess:
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=500)


def build(folder: Path, *options: str) -> Path:
    for command in (
        ("cmake", "-S", ROOT / "c", "-B", folder, *options),
        ("cmake", "--build", folder, "--parallel", "2"),
    ):
        done = run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning" not in done.stderr.lower(), done.stderr
    return folder
