"""Lays out the flagship's finished run, for `tfcomp release RUN`.

    python carry/flagship.py RUN PHOTOS

RUN gets weights.npz, tables.npz, config.yaml, recipe.yaml and history.csv; PHOTOS is the folder of
photographs that its settings name. This folder goes when the flagship is released.
"""

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(run: Path, photos: str) -> None:
    """Copies what a release reads."""
    run.mkdir(parents=True)
    for name in ("weights.npz", "tables.npz", "history.csv"):
        shutil.copyfile(HERE / name, run / name)
    for name in ("config.yaml", "recipe.yaml"):
        text = (HERE / name).read_text("utf-8").replace("folder:PHOTOS", f"folder:{photos}")
        (run / name).write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
