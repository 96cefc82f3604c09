"""Packs the newest checkpoint of the flagship's training, or lays it out again to be resumed.

    python carry/flagship.py pack RUN
    python carry/flagship.py unpack RUN PHOTOS     then: train.py --model cycle --out RUN --resume

What the optimisers keep is stored as bfloat16. This folder goes when the flagship is released.
"""

import re
import shutil
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent


def pack(run: Path) -> None:
    """Writes the newest checkpoint of a run into this folder."""
    phase = sorted((run / "phases").iterdir())[-1]
    newest = sorted((phase / "checkpoints").glob("step-*.npz"))[-1]
    arrays = dict(np.load(newest))
    for name, value in arrays.items():
        if name.startswith("optimizer/") and value.dtype == np.float32:
            bits = np.ascontiguousarray(value).view(np.uint32)
            arrays[name] = ((bits + 0x8000) >> 16).astype(np.uint16)
    np.savez_compressed(HERE / "flagship.npz", **arrays)
    (HERE / "phase.txt").write_text(f"{phase.name}/checkpoints/{newest.name}\n")
    settings(run / "recipe.yaml", HERE / "recipe.yaml", "PHOTOS")
    settings(phase / "config.yaml", HERE / "config.yaml", "PHOTOS")
    shutil.copyfile(phase / "history.csv", HERE / "history.csv")


def settings(source: Path, target: Path, photos: str) -> None:
    """Copies settings with another folder of photographs."""
    text = source.read_text(encoding="utf-8")
    target.write_text(re.sub("source: folder:.*", f"source: folder:{photos}", text))


def unpack(run: Path, photos: str) -> None:
    """Lays out a run that goes on from the checkpoint."""
    place = run / "phases" / (HERE / "phase.txt").read_text().strip()
    place.parent.mkdir(parents=True)
    arrays = dict(np.load(HERE / "flagship.npz"))
    for name, value in arrays.items():
        if value.dtype == np.uint16:
            arrays[name] = (value.astype(np.uint32) << 16).view(np.float32)
    np.savez(place, **arrays)
    settings(HERE / "recipe.yaml", run / "recipe.yaml", photos)
    settings(HERE / "config.yaml", place.parents[1] / "config.yaml", photos)
    shutil.copyfile(HERE / "history.csv", place.parents[1] / "history.csv")


{"pack": pack, "unpack": unpack}[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
