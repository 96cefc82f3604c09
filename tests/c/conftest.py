"""Builds of the C library that several tests use."""

from __future__ import annotations

import pytest

from tests import needs
from tests.c.building import build, litert_library


@pytest.fixture(scope="session")
def sanitized(tmp_path_factory):
    """A build that stops at the first read out of bounds; it ends at the latents."""
    return build(tmp_path_factory.mktemp("c") / "sanitized", "-DTFCOMP_SANITIZE=ON")


@pytest.fixture(scope="session")
def with_litert(tmp_path_factory):
    """A build that goes down to pixels."""
    library = litert_library()
    if library is None:
        pytest.skip(needs.LITERT_LIBRARY)
    folder = tmp_path_factory.mktemp("c") / "litert"
    return build(folder, f"-DLITERT_LIBRARY={library}", "-DTFCOMP_TESTS=OFF")
