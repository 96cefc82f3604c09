"""Models that other Python packages bring along.

A package names, in the entry-point group `tfcomp.models`, a module in whose folder its bundles lie:

    [project.entry-points."tfcomp.models"]
    more = "tfcomp_more_models"
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import logging
from pathlib import Path

GROUP = "tfcomp.models"

_log = logging.getLogger("tfcomp")


@functools.cache
def package_folders() -> tuple[Path, ...]:
    """The folders of all installed packages that bring bundles, by the names of their entries."""
    entries = importlib.metadata.entry_points()
    # Python 3.9 has a mapping there.
    found = entries.select(group=GROUP) if hasattr(entries, "select") else entries.get(GROUP, ())
    folders: dict[Path, None] = {}
    for entry in sorted(found, key=lambda each: each.name):
        places = _places(entry.value)
        if not places:
            _log.warning("no package %s, whose models are installed", entry.value)
        folders.update(dict.fromkeys(places))
    return tuple(folders)


def _places(module: str) -> list[Path]:
    """Where a package's files lie; it is not imported."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        spec = None
    return [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
