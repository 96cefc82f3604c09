"""Builds the C library."""

from __future__ import annotations

import importlib.util
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


def litert_library() -> Path | None:
    """The library of the LiteRT package that is installed."""
    spec = importlib.util.find_spec("ai_edge_litert")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        library = Path(folder) / "libLiteRt.so"
        if library.is_file():
            return library
    return None
