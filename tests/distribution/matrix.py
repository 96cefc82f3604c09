"""Builds the sdist once, and a wheel of it, and tries it, on every Python that is here.

    python -m tests.distribution.matrix [PYTHON ...]     default: 3.9 to 3.14 on PATH and of pyenv

Each Python gets a fresh virtual environment with nothing but the wheel and what it asks for; there
`installed_check.py` runs from an empty folder. Prints a table; exit code 1 if anything failed.
Needs a package index for pip, and the package `build`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.distribution.tree import build, copy_tree

CHECK = Path(__file__).with_name("installed_check.py")
VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")


def pythons() -> list[str]:
    """One executable for each of VERSIONS that is to be had."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = []
    for version in VERSIONS:
        candidates = [shutil.which(f"python{version}") or ""]
        candidates += [str(p / "bin" / "python") for p in (root / "versions").glob(f"{version}.*")]
        for candidate in filter(None, candidates):  # a pyenv shim may stand for nothing
            ask = [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            answer = subprocess.run(ask, capture_output=True, text=True)
            if answer.returncode == 0 and answer.stdout.strip() == version:
                found.append(candidate)
                break
    return found


def quiet(*command: object, cwd: Path) -> str:
    done = subprocess.run(
        [str(c) for c in command], cwd=cwd, capture_output=True, text=True, timeout=1800
    )
    if done.returncode:
        raise RuntimeError((done.stderr or done.stdout).strip()[-2000:])
    return done.stdout


def try_python(python: str, sdist: Path, work: Path) -> dict:
    """Builds the wheel with this Python, installs it into a fresh environment, checks it there."""
    wheels, environment, empty = work / "wheels", work / "venv", work / "empty"
    empty.mkdir(parents=True)
    quiet(python, "-m", "venv", environment, cwd=work)
    own = environment / "bin" / "python"
    quiet(own, "-m", "pip", "wheel", "-q", "--no-deps", "-w", wheels, sdist, cwd=work)
    (wheel,) = wheels.glob("tfcomp-*.whl")
    quiet(own, "-m", "pip", "install", "-q", wheel, cwd=work)
    found = json.loads(quiet(own, CHECK, cwd=empty))
    return {"wheel": wheel.name, **found}


def main(arguments: list[str]) -> int:
    failed = False
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        sdist, _ = build(copy_tree(work / "tree"), work / "dist")
        print(f"sdist {sdist.name}, {sdist.stat().st_size / 2**20:.1f} MiB")
        print("| Python | wheel | range coder | import tfcomp.runtime | .codec | round trip |")
        print("| --- | --- | --- | --- | --- | --- |", flush=True)
        for python in arguments or pythons():
            try:
                found = try_python(python, sdist, Path(tempfile.mkdtemp(dir=work)))
            except (RuntimeError, subprocess.SubprocessError) as error:
                failed = True
                print(f"| {python} | failed: {' '.join(str(error).split())[-600:]} | | | | |")
                continue
            failed |= found["backend"] != "c" or found["codec_import_seconds"] >= 0.3
            print(
                f"| {found['python']} | {found['wheel']} | {found['backend']} | "
                f"{found['import_seconds']:.2f} s | {found['codec_import_seconds']:.2f} s | "
                f"{found['bytes']} bytes, "
                f"{found['psnr']:.1f} dB |",
                flush=True,
            )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
