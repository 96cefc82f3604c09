"""The user's folder of models, which `tfcomp install` fills and lookups search.

On Linux $XDG_DATA_HOME/tfcomp/models (~/.local/share/tfcomp/models), on macOS and Windows in the
system's own place for data.
"""

from __future__ import annotations

from pathlib import Path


def models_folder() -> Path | None:
    """The folder, which may not exist; None where its place is not known."""
    try:
        from platformdirs import user_data_path

        return user_data_path("tfcomp", appauthor=False) / "models"
    except (ImportError, OSError, RuntimeError):  # an older environment; no home folder
        return None
