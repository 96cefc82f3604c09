"""Copies a bundle into the user's folder of models, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

from tfcomp.encoder_tuning import ENCODER_TUNING
from tfcomp.errors import BundleError, OutputError
from tfcomp.runtime import checksums, registry
from tfcomp.runtime.bundle import Bundle, look_file, read_manifest
from tfcomp.runtime.bundle_files import CHECKSUMS, BundleFiles
from tfcomp.runtime.models_folder import models_folder

_PREFIX = ".tfcomp-"  # hidden: lookups leave out what is still being written
_CARD = "README.md"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_DAY = 24 * 3600


def install(source: str | os.PathLike[str], force: bool = False) -> registry.InstalledBundle:
    """Installs a bundle folder or .zip for this user, after every check.

    Args:
      source: the bundle's path.
      force: replace an installed model of the same name, or take precedence over the package's
        own. Another version of the model stays beside the new one, so that its files stay readable.

    Raises:
      BundleError: an unsound bundle.
      OutputError: it can't be installed.
    """
    bundle = Bundle.read(Path(source))
    name = bundle.manifest.name
    folder = _folder_for(name)
    target = folder / name
    if not force:
        _check_free(name, target)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        work = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
    except OSError as error:
        raise OutputError(f"cannot write in {folder}: {error.strerror or error}") from None
    try:
        _copy(Path(source), bundle, work)
        if Bundle.read(work, sealed=True).manifest.fingerprint != bundle.manifest.fingerprint:
            raise BundleError(f"bundle {source} changed while it was read; try again")
        os.chmod(work, 0o755)
        _set_aside(target, bundle.manifest.fingerprint)
        os.rename(work, target)
    except OSError as error:
        raise OutputError(f"cannot install {target}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return registry.InstalledBundle(bundle.manifest, target, sealed=True)


def remove(name: str) -> list[Path]:
    """Removes an installed model, all its versions; returns where they were.

    Raises:
      OutputError: it can't be removed.
    """
    folder = _folder_for(name)
    versions = [folder / name, *sorted(folder.glob(f"{name}-????????"))]
    targets = [path for path in versions if not path.is_symlink() and _is_named(path, name)]
    if not targets:
        raise OutputError(f"no model '{name}' was installed with tfcomp install")
    for target in targets:
        hidden = _hidden(target)
        try:
            os.rename(target, hidden)
            shutil.rmtree(hidden)
        except OSError as error:
            raise OutputError(f"cannot remove {target}: {error.strerror or error}") from None
    return targets


def _is_named(path: Path, name: str) -> bool:
    """Whether a bundle has that name; a folder of that name counts even if it is broken."""
    if path.name == name:
        return path.is_dir()
    with contextlib.suppress(BundleError):
        return read_manifest(path).name == name
    return False


def _hidden(target: Path) -> Path:
    return target.with_name(f"{_PREFIX}{os.getpid()}-{target.name}")


def _folder_for(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise OutputError(
            f"a model to install is named with letters, digits, '_', '.' and '-', not {name!r}"
        )
    folder = models_folder()
    if folder is None:
        raise OutputError(
            f"there is no folder for models here; name one in {registry.ENVIRONMENT_VARIABLE}"
        )
    return folder


def _check_free(name: str, target: Path) -> None:
    if os.path.lexists(target):
        raise OutputError(f"model '{name}' is installed already, in {target}; replace it: --force")
    if any(_is_named(path, name) for path in registry.package_folder().iterdir()):
        raise OutputError(
            f"tfcomp comes with a model '{name}' of its own; put yours before it: --force"
        )


def _copy(source: Path, bundle: Bundle, work: Path) -> None:
    """Every file of the bundle, and SHA256SUMS over them."""
    with BundleFiles(source) as files:
        if files.has(CHECKSUMS):
            names = list(checksums.parse(files.read(CHECKSUMS))[1])
        else:
            parts = {
                "entropy.tflite": bundle.entropy,
                "gradient.tflite": bundle.gradient,
                "thumbnail.tflite": bundle.thumbnail,
            }
            names = ["manifest.json", "encoder.tflite", "decoder.tflite", "tables.npz"]
            names += [name for name, content in parts.items() if content is not None]
            names += map(look_file, bundle.looks)
            names += [name for name in (ENCODER_TUNING, _CARD) if files.has(name)]
        contents = {name: files.read(name) for name in names}
    for name, content in {**contents, CHECKSUMS: checksums.render(contents)}.items():
        with open(work / name, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def _set_aside(target: Path, fingerprint: str) -> None:
    """Makes room at `target`; another version of the model is kept under another name."""
    if not os.path.lexists(target):
        return
    hidden = _hidden(target)
    try:
        old = Bundle.read(target, sealed=True).manifest.fingerprint
    except BundleError:
        old = fingerprint  # broken: not worth keeping
    kept = target.with_name(f"{target.name}-{old[:8]}")  # sorts after its name: the new one counts
    os.rename(target, hidden if old == fingerprint or os.path.lexists(kept) else kept)
    shutil.rmtree(hidden, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Removes what an installation that was killed left behind."""
    for path in folder.glob(_PREFIX + "*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _DAY:
                shutil.rmtree(path, ignore_errors=True)
