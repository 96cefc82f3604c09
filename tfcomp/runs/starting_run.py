"""Where the weights lie that a training starts with."""

from __future__ import annotations

import os
from pathlib import Path

from tfcomp.errors import ConfigError, UnknownBundleError
from tfcomp.runs.run_folder import CONFIG, WEIGHTS
from tfcomp.runtime import registry

_CHECKOUT = Path(__file__).resolve().parents[2] / "checkpoints"


def starting_run(name: str | Path) -> Path:
    """The run folder of a model that another training can start with.

    Args:
      name: a run folder's path, or the name or folder of a model that was exported with
        `--trainable`.

    Raises:
      ConfigError: there is no such run.
    """
    for folder in (Path(name), _CHECKOUT / name):
        if os.path.isfile(folder / CONFIG):
            return folder
    try:
        folder = registry.find_by_name(name).path
    except UnknownBundleError:
        known = _known()
        raise ConfigError(
            f"{name} is no run to start from: give a run folder that train.py or teach left"
            + (f", or one of {', '.join(known)}" if known else "")
        ) from None
    if not _is_trainable(folder):
        raise ConfigError(
            f"{name} holds no weights to start from: give the run that it was exported from, or "
            "export that with --trainable"
        )
    return folder


def _known() -> list[str]:
    """Names that can be taught."""
    here = {path.parent.name for path in _CHECKOUT.glob(f"*/{CONFIG}")}
    bundles, _ = registry.installed_bundles()
    return sorted(here | {b.manifest.name for b in bundles if _is_trainable(b.path)})


def _is_trainable(folder: Path) -> bool:
    # A zip is installed first.
    return os.path.isfile(folder / CONFIG) and os.path.isfile(folder / WEIGHTS)
