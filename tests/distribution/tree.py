"""A copy of the checkout, as a fresh clone would have it, to build from."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def copy_tree(folder: Path) -> Path:
    """Copies what git tracks, or would track if it were added. Returns the folder."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_file():  # a tracked file may have been removed
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return folder


def build(folder: Path, out: Path, python: str = sys.executable) -> tuple[Path, Path]:
    """(sdist, wheel built from that sdist), by `python -m build`."""
    done = subprocess.run(
        [python, "-m", "build", "--outdir", str(out), str(folder)],
        capture_output=True, text=True, timeout=900,
    )
    if done.returncode:
        raise RuntimeError(f"python -m build failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return sdist, wheel
