"""Where the weights lie that a lesson starts with."""

from __future__ import annotations

from pathlib import Path

from tfcomp.errors import ConfigError

_CHECKOUT = Path(__file__).resolve().parents[2] / "checkpoints"


def starting_run(name: str) -> Path:
    """The run folder of a model that can be taught.

    Args:
      name: of a shipped model, "cycle-small", or a run folder's path.

    Raises:
      ConfigError: there is no such run.
    """
    for folder in (Path(name), _CHECKOUT / name):
        if (folder / "config.yaml").is_file():
            return folder
    here = sorted(path.parent.name for path in _CHECKOUT.glob("*/config.yaml"))
    known = f", or one of {', '.join(here)}" if here else ""
    raise ConfigError(
        f"{name} is no run to start from: give a run folder that train.py or teach left{known} "
        "(bundles hold no weights that can be trained on)"
    )
