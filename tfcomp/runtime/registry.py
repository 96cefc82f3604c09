"""The installed bundles: which models can be named, and which files can be decoded.

Bundles are looked for in the folders listed in the environment variable TFCOMP_BUNDLES (separated
as in PATH; each may be a bundle itself or hold several), then in the package's own `bundles`
folder. A compressed file never says where its model is: it only carries a fingerprint, which is
looked up here.
"""

from __future__ import annotations

import importlib.resources
import os
from dataclasses import dataclass
from pathlib import Path

from tfcomp.errors import BundleError, UnknownBundleError
from tfcomp.runtime.bundle import Manifest, is_bundle, read_manifest

ENVIRONMENT_VARIABLE = "TFCOMP_BUNDLES"
_FIRST_CHOICE = "cycle"


@dataclass(frozen=True)
class InstalledBundle:
    """A bundle that is installed at `path` but not read beyond its manifest."""

    manifest: Manifest
    path: Path


def list_models() -> list[str]:
    """Names of the installed models, each of which `tfcomp.load` takes."""
    bundles, _ = installed_bundles()
    return list(dict.fromkeys(bundle.manifest.name for bundle in bundles))


def installed_bundles() -> tuple[list[InstalledBundle], list[str]]:
    """(bundles in order of precedence, one line about each that is broken).

    Two bundles may share a name: by name the first counts, by fingerprint both do, so files that an
    earlier version of a model wrote stay readable.
    """
    bundles, problems, seen = [], [], set()
    for path in _candidates():
        try:
            manifest = read_manifest(path)
        except BundleError as error:
            problems.append(str(error))
            continue
        if (manifest.name, manifest.fingerprint) not in seen:
            seen.add((manifest.name, manifest.fingerprint))
            bundles.append(InstalledBundle(manifest, path))
    return bundles, problems


def default_model() -> str:
    """The model used where none was named. Raises UnknownBundleError if there is none."""
    names = list_models()
    if not names:
        raise UnknownBundleError(
            f"no model is installed; name a bundle folder, or put one in {ENVIRONMENT_VARIABLE}"
        )
    return _FIRST_CHOICE if _FIRST_CHOICE in names else names[0]


def find_by_name(name_or_path: str | os.PathLike) -> InstalledBundle:
    """The installed bundle of that name, else the one at that path.

    Raises UnknownBundleError where there is neither, BundleError where the path is no bundle.
    """
    if not isinstance(name_or_path, (str, os.PathLike)):
        raise UnknownBundleError(
            f"a {type(name_or_path).__name__} is no name of a model; give that, or a bundle's path"
        )
    text = os.fsdecode(name_or_path)
    for bundle in installed_bundles()[0]:
        if bundle.manifest.name == text:
            return bundle
    if os.path.exists(text):
        path = Path(text)
        return InstalledBundle(read_manifest(path), path)
    known = ", ".join(list_models()) or "none"
    raise UnknownBundleError(
        f"there is no model '{text}': neither installed ({known}) nor a bundle folder or .zip"
    )


def find_by_fingerprint(fingerprint: bytes) -> InstalledBundle:
    """The installed bundle that wrote a file with these 4 bytes. Raises UnknownBundleError."""
    matches: dict[str, InstalledBundle] = {}
    for bundle in installed_bundles()[0]:
        if bundle.manifest.short_fingerprint == fingerprint:
            matches.setdefault(bundle.manifest.fingerprint, bundle)
    if not matches:
        raise UnknownBundleError(
            f"the file was written with model {fingerprint.hex()}, which is not installed; put its "
            f"bundle in a folder named in {ENVIRONMENT_VARIABLE}"
        )
    if len(matches) > 1:
        paths = " and ".join(str(bundle.path) for bundle in matches.values())
        raise UnknownBundleError(f"two installed models match the file: {paths}; say which to use")
    return next(iter(matches.values()))


def _candidates() -> list[Path]:
    """Paths that look like bundles, in order of precedence."""
    listed = os.environ.get(ENVIRONMENT_VARIABLE, "").split(os.pathsep)
    folders = [Path(folder) for folder in listed if folder]
    folders.append(Path(str(importlib.resources.files("tfcomp").joinpath("bundles"))))
    candidates: list[Path] = []
    for folder in folders:
        if is_bundle(folder):
            candidates.append(folder)
            continue
        try:
            inside = sorted(folder.iterdir())
        except OSError:  # a listed folder may be missing, as in PATH
            continue
        candidates += [path for path in inside if is_bundle(path)]
    return candidates
