"""Tries LiteRTs on every Python that is here: shipped bundles' files, and freshly exported bundles.

    python -m tests.distribution.litert_matrix [--bundle DIR]... [--python PATH]... [VERSION ...]

Each pair of a Python and a LiteRT that PyPI has a wheel for gets a fresh virtual environment with
the wheel of tfcomp; there `litert_check.py` decodes spec/golden, and each exported bundle codes
a picture. Prints a table, with what failed and how often below its line; exit code 1 if a pixel
differs by more than one level or a bundle fails. Needs a package index for pip, and `build`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.distribution.matrix import pythons, quiet
from tests.distribution.tree import ROOT, build, copy_tree

CHECK = Path(__file__).with_name("litert_check.py")
# All that setup.py takes: 1.1 and 1.2 fail.
LITERTS = ("1.0.1", "1.3.0", "1.4.0", "2.0.3", "2.1.6", "2.3.0")
# Its wheels were built for NumPy 1, which they do not say.
FOR_NUMPY_1 = ("1.0.",)
NO_WHEEL = "no matching distribution"


def environment(python: str, sdist: Path, work: Path) -> Path:
    """The Python of a fresh virtual environment that has tfcomp and what it asks for."""
    work.mkdir()
    quiet(python, "-m", "venv", work / "venv", cwd=work)
    own = work / "venv" / "bin" / "python"
    quiet(own, "-m", "pip", "install", "-q", sdist, cwd=work)
    return own


def try_litert(own: Path, litert: str, bundles: list[Path], work: Path) -> dict | None:
    """What `litert_check.py` found with one LiteRT, or None where PyPI has no wheel of it."""
    numpy = "numpy<2" if litert.startswith(FOR_NUMPY_1) else "numpy>=2"
    wanted = [f"ai-edge-litert=={litert}", numpy, "--only-binary", "ai-edge-litert,numpy"]
    try:
        quiet(own, "-m", "pip", "install", "-q", *wanted, cwd=work)
    except RuntimeError as error:
        if NO_WHEEL in str(error).lower():
            return None
        raise
    return json.loads(quiet(own, CHECK, ROOT / "spec" / "golden", *bundles, cwd=work))


def said(found: dict) -> tuple[str, bool]:
    """One cell a bundle and one for the golden files; whether all is well."""
    counts = Counter(found["golden"].values())
    odd = sum(counts.values()) - counts["equal"] - counts["one"]
    cells = [f"{counts['equal']} equal, {counts['one']} to one level, {odd} failed"]
    results = found["bundles"].values()
    cells += ["failed" if isinstance(r, str) else " ".join(r) for r in results]
    return " | ".join(cells), not odd and not any(isinstance(r, str) for r in results)


def errors(found: dict) -> list[str]:
    """What went wrong, once for each file and bundle, without the names."""
    results = [*found["golden"].values(), *found["bundles"].values()]
    odd = [r for r in results if isinstance(r, str) and r not in ("equal", "one")]
    return [error.partition(": ")[0] + ": " + error.rpartition(": ")[2] for error in odd]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, action="append", default=[])
    parser.add_argument("--python", action="append", help="those found, if not given")
    parser.add_argument("versions", nargs="*", default=LITERTS)
    options = parser.parse_args(arguments)
    bundles = [folder.resolve() for folder in options.bundle]
    failed = False
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        sdist, _ = build(copy_tree(work / "tree"), work / "dist")
        print("| Python | LiteRT | NumPy | golden files |" + " bundle |" * len(bundles))
        print("| --- |" + " --- |" * (3 + len(bundles)), flush=True)
        for number, python in enumerate(options.python or pythons()):
            own = environment(python, sdist, work / str(number))
            for litert in options.versions:
                try:
                    found = try_litert(own, litert, bundles, work)
                except (RuntimeError, subprocess.SubprocessError) as error:
                    failed = True
                    print(f"| {python} | {litert} | failed: {' '.join(str(error).split())[-600:]}")
                    continue
                if found is None:
                    print(f"| {python} | {litert} | no wheel |", flush=True)
                    continue
                cells, well = said(found)
                failed |= not well
                print(f"| {found['python']} | {found['litert']} | {found['numpy']} | {cells} |")
                for error, count in Counter(errors(found)).items():
                    print(f"    {count} times: {error}")
                sys.stdout.flush()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
