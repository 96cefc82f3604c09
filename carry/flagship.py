"""Packs what the flagship's training left, or lays it out again.

    python carry/flagship.py pack RUN
    python carry/flagship.py unpack RUN PHOTOS

`unpack` lays out the finished run (weights.npz, tables.npz, config.yaml) for `tfcomp release RUN`,
and the last checkpoint of its first phase, for a training that explores further. What the
optimisers keep is stored as bfloat16. This folder goes when the flagship is released.
"""

import re
import shutil
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
FIRST = "phases/1-exploring"


def pack(run: Path) -> None:
    """Writes the finished run and the last checkpoint of its first phase into this folder."""
    newest = sorted((run / FIRST / "checkpoints").glob("step-*.npz"))[-1]
    arrays = dict(np.load(newest))
    for name, value in arrays.items():
        if name.startswith("optimizer/") and value.dtype == np.float32:
            bits = np.ascontiguousarray(value).view(np.uint32)
            arrays[name] = ((bits + 0x8000) >> 16).astype(np.uint16)
    np.savez_compressed(HERE / "exploring.npz", **arrays)
    (HERE / "checkpoint.txt").write_text(f"{FIRST}/checkpoints/{newest.name}\n")
    np.savez_compressed(HERE / "weights.npz", **np.load(run / "weights.npz"))
    shutil.copyfile(run / "tables.npz", HERE / "tables.npz")
    shutil.copyfile(run / "history.csv", HERE / "history.csv")
    for name, path in (("recipe", run), ("config", run), ("exploring", run / FIRST)):
        source = path / f"{'config' if name == 'exploring' else name}.yaml"
        settings(source, HERE / f"{name}.yaml", "PHOTOS")


def settings(source: Path, target: Path, photos: str) -> None:
    """Copies settings with another folder of photographs, and none of where weights lay."""
    text = re.sub("source: folder:.*", f"source: folder:{photos}", source.read_text("utf-8"))
    target.write_text(re.sub("start_from: /.*", "start_from: null", text))


def unpack(run: Path, photos: str) -> None:
    """Lays out the finished run, and a checkpoint to go on from."""
    place = run / (HERE / "checkpoint.txt").read_text().strip()
    place.parent.mkdir(parents=True)
    arrays = dict(np.load(HERE / "exploring.npz"))
    for name, value in arrays.items():
        if value.dtype == np.uint16:
            arrays[name] = (value.astype(np.uint32) << 16).view(np.float32)
    np.savez(place, **arrays)
    for name in ("weights.npz", "tables.npz", "history.csv"):
        shutil.copyfile(HERE / name, run / name)
    settings(HERE / "recipe.yaml", run / "recipe.yaml", photos)
    settings(HERE / "config.yaml", run / "config.yaml", photos)
    settings(HERE / "exploring.yaml", place.parents[1] / "config.yaml", photos)


{"pack": pack, "unpack": unpack}[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
