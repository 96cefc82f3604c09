import pytest

from tests.c.building import build


@pytest.fixture(scope="session")
def sanitized(tmp_path_factory):
    """A build that stops at the first read out of bounds; it ends at the latents."""
    return build(tmp_path_factory.mktemp("c") / "sanitized", "-DTFCOMP_SANITIZE=ON")
