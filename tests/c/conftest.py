"""Builds of the C library that several tests use."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests import needs
from tests.c.building import build


@pytest.fixture(scope="session")
def sanitized(tmp_path_factory):
    """A build that stops at the first read out of bounds; it ends at the latents."""
    return build(tmp_path_factory.mktemp("c") / "sanitized", "-DTFCOMP_SANITIZE=ON")


@pytest.fixture(scope="session")
def with_litert(tmp_path_factory):
    """A build that goes down to pixels."""
    library = _litert_library()
    if library is None:
        pytest.skip(needs.LITERT_LIBRARY)
    folder = tmp_path_factory.mktemp("c") / "litert"
    return build(folder, f"-DLITERT_LIBRARY={library}", "-DTFCOMP_TESTS=OFF")


def _litert_library() -> Path | None:
    spec = importlib.util.find_spec("ai_edge_litert")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        library = Path(folder) / "libLiteRt.so"
        if library.is_file():
            return library
    return None
