"""Checkpoints: what a run needs to go on after a stop.

    checkpoints/step-00000500.npz    step, weights, what the optimisers keep, averages of weights
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfcomp.entropy.keras_versions import KERAS_3
from tfcomp.errors import CodecError
from tfcomp.models.base import CodecModel
from tfcomp.runs import weights_file

_KEPT = 2
_PATTERN = "step-*.npz"
_KERAS = 3 if KERAS_3 else 2


def latest(folder: Path) -> Path | None:
    """The path of the newest checkpoint in a run's `checkpoints` folder; None without one."""
    paths = sorted(Path(folder).glob(_PATTERN))
    return paths[-1] if paths else None


class RunCheckpoints:
    """Writes and reads the checkpoints of one run.

    Args:
      folder: where they are; made when the first one is written.
      model: a built and compiled `CodecModel`.
      step: the int64 variable that counts finished steps.
    """

    def __init__(self, folder: str | Path, model: CodecModel, step: tf.Variable) -> None:
        self.folder = Path(folder)
        self.model, self.step = model, step

    @property
    def latest(self) -> Path | None:
        """The newest checkpoint's path, or None."""
        return latest(self.folder)

    def save(self) -> None:
        """Writes a checkpoint and removes all but the newest two."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CodecError(f"can't write {self.folder}: {error.strerror}") from error
        arrays = {"step": self.step, "keras": np.int64(_KERAS)}
        arrays.update(self._variables())
        weights_file.write(self.folder / f"step-{int(self.step):08d}.npz", arrays)
        for path in sorted(self.folder.glob(_PATTERN))[:-_KEPT]:
            with contextlib.suppress(OSError):
                path.unlink()

    def restore(self) -> None:
        """Takes everything from the newest checkpoint.

        Raises:
          CodecError: there is none, or it is another model's, or of another Keras.
        """
        path = self.latest
        if path is None:
            old = (self.folder / "checkpoint").is_file()
            raise CodecError(
                f"{self.folder} was written by tfcomp 0.1, which alone can go on with it: finish "
                "it there, or begin a new run with training.start_from"
                if old
                else f"{self.folder.parent} has no checkpoint to resume from: leave out --resume"
            )
        arrays = weights_file.read(path)
        keras = int(arrays.pop("keras", 0))
        if keras != _KERAS:
            raise CodecError(
                f"{path} was written under Keras {keras}, whose optimisers keep other numbers: "
                "resume it there, or begin a new run with training.start_from"
            )
        step = arrays.pop("step", None)
        if step is None:
            raise CodecError(f"{path} is no checkpoint of a run: take another copy of the run")
        weights_file.assign(self._variables(), arrays, path)
        self.step.assign(step)

    def _variables(self) -> dict[str, tf.Variable]:
        named = {
            f"model/{name}": variable
            for name, variable in weights_file.named_variables(self.model).items()
        }
        for name in self.model.optimizer_names:
            for number, variable in enumerate(getattr(self.model, name).variables):
                named[f"optimizer/{name}/{number}"] = variable
        for name, averages in self.model.averages.items():
            for number, variable in enumerate(averages.values):
                named[f"averages/{name}/{number}"] = variable
        return named
