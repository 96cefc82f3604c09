"""Where the bundles of this repository lie: tfcomp's own, and those of tfcomp-more-models."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import ROOT

OWN = ROOT / "tfcomp" / "bundles"
MORE = ROOT / "more_models" / "tfcomp_more_models"
GOLDEN = ROOT / "spec" / "golden"


def folders(*places: Path) -> list[Path]:
    """All bundles' folders in these places, in both where none is said."""
    manifests = [file for place in places or (OWN, MORE) for file in place.glob("*/manifest.json")]
    return sorted(file.parent for file in manifests)


def folder_of(name: str) -> Path:
    """The folder of the bundle of that name."""
    return next(folder for folder in folders() if folder.name == name)
