import pytest

from tfcomp.entropy import backend
from tfcomp.errors import ConfigError


def test_tfc_is_the_default_where_it_is_installed(monkeypatch):
    monkeypatch.delenv(backend.ENVIRONMENT_VARIABLE, raising=False)
    assert ("tfc" if backend.has_tfc() else "own") == backend.backend().NAME


def test_the_environment_and_the_caller_may_choose(monkeypatch):
    monkeypatch.setenv(backend.ENVIRONMENT_VARIABLE, "own")
    assert backend.backend().NAME == "own"
    monkeypatch.setenv(backend.ENVIRONMENT_VARIABLE, "somebody")
    assert backend.backend("own").NAME == "own"
    with pytest.raises(ConfigError, match="one of tfc, own, not 'somebody'"):
        backend.backend()


def test_tfc_that_is_not_installed_is_one_clear_error(monkeypatch):
    monkeypatch.setattr(backend, "has_tfc", lambda: False)
    with pytest.raises(ConfigError, match="leave the backend out"):
        backend.backend("tfc")
