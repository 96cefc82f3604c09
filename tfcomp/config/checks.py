"""How a config says that a value is out of range."""

from __future__ import annotations

from tfcomp.errors import ConfigError


def require(condition: bool, message: str) -> None:
    """Raises ConfigError with the message unless the condition holds."""
    if not condition:
        raise ConfigError(f"config: {message}")
