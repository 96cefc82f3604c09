"""The installed bundles: which models can be named, and which files can be decoded.

Bundles are searched for in the folders listed in the environment variable TFCOMP_BUNDLES (separated
as in PATH; each may be a bundle itself or hold several), then in the user's folder of
`tfcomp install`, then in the package's own `bundles` folder, then in packages that bring models
(`model_packages`). A compressed file never says where its model is: it only carries a fingerprint,
which is looked up here.

A manifest only claims what its bundle is. Lookups return bundles whose files were checked against
it; a bundle that fails is skipped, with one warning.
"""

from __future__ import annotations

import importlib.resources
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tfcomp.errors import BundleError, UnknownBundleError
from tfcomp.runtime.bundle import Bundle, is_bundle, read_manifest
from tfcomp.runtime.manifest import Manifest
from tfcomp.runtime.model_packages import package_folders
from tfcomp.runtime.models_folder import models_folder

ENVIRONMENT_VARIABLE = "TFCOMP_BUNDLES"
_FIRST_CHOICE = "cycle"
_MORE_MODELS = "pip install tfcomp-more-models"

_log = logging.getLogger("tfcomp")


@dataclass(frozen=True)
class InstalledBundle:
    """A bundle at `path`.

    Attributes:
      sealed: whether it must have SHA256SUMS, as the package's own and installed ones must.
      checked: the bundle, where the lookup has read it.
    """

    manifest: Manifest
    path: Path
    sealed: bool = False
    checked: Bundle | None = field(default=None, repr=False, compare=False)

    def read(self) -> Bundle:
        """The whole bundle, checked.

        Raises:
          BundleError: the bundle is unsound.
        """
        return self.checked or Bundle.read(self.path, self.sealed)


@dataclass
class _Seen:
    """What is known of a path as long as its files do not change.

    Attributes:
      signature: of its files.
      manifest: None where it is broken; then `problem` says why.
      digest: None without SHA256SUMS.
      checked: whether the whole bundle was checked, not its manifest alone.
    """

    signature: Any
    manifest: Manifest | None = None
    problem: str = ""
    digest: str | None = None
    checked: bool = False


_seen: dict[tuple[Path, bool], _Seen] = {}
_said: set[Path] = set()


def list_models() -> list[str]:
    """Names of the installed models, each of which `tfcomp.load` takes."""
    bundles, _ = installed_bundles()
    return list(dict.fromkeys(bundle.manifest.name for bundle in bundles))


def installed_bundles() -> tuple[list[InstalledBundle], list[str]]:
    """(sound bundles in order of precedence, one line about each that is broken).

    Two bundles may share a name. By name the first is found, by fingerprint either, so that files
    of an earlier version of a model stay readable.
    """
    bundles, problems, known = [], [], set()
    for path, sealed in _candidates():
        seen, _ = _look_at(path, sealed, whole=True)
        if seen.problem or seen.manifest is None:
            problems.append(seen.problem)
            continue
        key = (seen.manifest.name, seen.manifest.fingerprint)
        if key not in known:
            known.add(key)
            bundles.append(InstalledBundle(seen.manifest, path, sealed))
    return bundles, problems


def package_folder() -> Path:
    """Where the bundles are that come with tfcomp."""
    return Path(str(importlib.resources.files("tfcomp").joinpath("bundles")))


def default_model() -> str:
    """The model used where none was named.

    Raises:
      UnknownBundleError: there is none.
    """
    if _sound(_claims(lambda manifest: manifest.name == _FIRST_CHOICE), first=True)[0]:
        return _FIRST_CHOICE
    names = list_models()
    if not names:
        raise UnknownBundleError(
            "no model is installed; name a bundle folder, or run: tfcomp install FOLDER"
        )
    return names[0]


def find_by_name(name_or_path: str | os.PathLike) -> InstalledBundle:
    """The installed bundle of that name, else the one at that path.

    Raises:
      UnknownBundleError: there is neither.
      BundleError: the bundle is broken.
    """
    if not isinstance(name_or_path, (str, os.PathLike)):
        raise UnknownBundleError(
            f"a {type(name_or_path).__name__} is no name of a model; give that, or a bundle's path"
        )
    text = os.fsdecode(name_or_path)
    sound, problems = _sound(_claims(lambda manifest: manifest.name == text), first=True)
    if sound:
        return sound[0]
    if os.path.exists(text):
        path = Path(text)
        return InstalledBundle(read_manifest(path), path)
    if problems:
        raise BundleError(problems[0])
    known = ", ".join(list_models()) or "none"
    raise UnknownBundleError(
        f"there is no model '{text}': neither installed ({known}) nor a bundle folder or .zip; "
        f"run: tfcomp install FOLDER, or {_MORE_MODELS}"
    )


def find_by_fingerprint(fingerprint: bytes) -> InstalledBundle:
    """The installed bundle that wrote a file with these 4 bytes.

    Of several copies of one model, one with SHA256SUMS comes first.

    Raises:
      UnknownBundleError: there is none, or all that claim to be it are broken.
    """
    claims = _claims(lambda manifest: manifest.short_fingerprint == fingerprint)
    sound, problems = _sound(claims)
    matches: dict[str, InstalledBundle] = {}
    for bundle in sorted(sound, key=lambda each: not _has_digest(each)):
        matches.setdefault(bundle.manifest.fingerprint, bundle)
    if not matches and problems:
        raise UnknownBundleError(
            f"the file was written with model {fingerprint.hex()}, and what is installed as it is "
            f"broken: {problems[0]}"
        )
    if not matches:
        raise UnknownBundleError(
            f"the file was written with model {fingerprint.hex()}, which is not installed; run: "
            f"tfcomp install FOLDER, with its bundle, or name that in {ENVIRONMENT_VARIABLE}, or "
            f"{_MORE_MODELS}, if the model came with an earlier tfcomp"
        )
    if len(matches) > 1:
        paths = " and ".join(str(bundle.path) for bundle in matches.values())
        raise UnknownBundleError(f"two installed models match the file: {paths}; say which to use")
    return next(iter(matches.values()))


def _claims(asked: Any) -> Iterator[InstalledBundle]:
    """Bundles whose manifests match, in order of precedence; their files are not checked yet."""
    for path, sealed in _candidates():
        seen, _ = _look_at(path, sealed)
        if seen.manifest is None:
            _say_once(path, seen.problem)
        elif asked(seen.manifest):
            yield InstalledBundle(seen.manifest, path, sealed)


def _sound(
    claims: Iterator[InstalledBundle], first: bool = False
) -> tuple[list[InstalledBundle], list[str]]:
    """The sound bundles among the claims (only the `first`), and the problems of the others."""
    sound, problems = [], []
    for bundle in claims:
        seen, read = _look_at(bundle.path, bundle.sealed, whole=True)
        if seen.problem:
            _say_once(bundle.path, seen.problem)
            problems.append(seen.problem)
        else:
            sound.append(replace(bundle, checked=read))
            if first:
                break
    return sound, problems


def _has_digest(bundle: InstalledBundle) -> bool:
    return _look_at(bundle.path, bundle.sealed, whole=True)[0].digest is not None


def _look_at(path: Path, sealed: bool, whole: bool = False) -> tuple[_Seen, Bundle | None]:
    """What is known of a path, read again if its files changed, and what was read whole for that.

    `whole`: check every file.
    """
    read = None
    signature = _signature(path)
    seen = _seen.get((path, sealed))
    if seen is None or signature is None or seen.signature != signature:
        seen = _Seen(signature)
        try:
            seen.manifest = read_manifest(path)
        except BundleError as error:
            seen.problem, seen.checked = str(error), True
    if whole and not seen.checked:
        try:
            read = Bundle.read(path, sealed)
            seen.digest = read.digest
        except BundleError as error:
            seen.problem = str(error)
        seen.checked = True
    _seen[path, sealed] = seen
    return seen, read


def _signature(path: Path) -> Any:
    """A value that changes with the bundle's files; None where the path cannot be read."""
    try:
        if not os.path.isdir(path):
            return _times(os.stat(path))
        with os.scandir(path) as entries:
            return sorted((entry.name, _times(os.stat(entry.path))) for entry in entries)
    except OSError:
        return None


def _times(status: os.stat_result) -> tuple[int, ...]:
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def _say_once(path: Path, problem: str) -> None:
    if path not in _said:
        _said.add(path)
        _log.warning("skipping a broken bundle: %s", problem)


def _candidates() -> list[tuple[Path, bool]]:
    """(path that looks like a bundle, whether it must be sealed), in order of precedence."""
    listed = os.environ.get(ENVIRONMENT_VARIABLE, "").split(os.pathsep)
    folders = [(Path(folder), False) for folder in listed if folder]
    own = models_folder()
    if own is not None:
        folders.append((own, True))
    folders += [(folder, True) for folder in (package_folder(), *package_folders())]
    candidates: list[tuple[Path, bool]] = []
    for folder, sealed in folders:
        if is_bundle(folder):
            candidates.append((folder, sealed))
            continue
        try:
            inside = sorted(folder.iterdir())
        except OSError:  # a listed folder may be missing, as in PATH
            continue
        # What is being written has a hidden name.
        shown = [path for path in inside if not path.name.startswith(".")]
        candidates += [(path, sealed) for path in shown if is_bundle(path)]
    return candidates
