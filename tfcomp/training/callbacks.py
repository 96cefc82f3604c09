"""What happens around the training steps: progress, checkpoints, pictures."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tqdm import tqdm

from tfcomp.training.run_checkpoints import RunCheckpoints


class ProgressBar(keras.callbacks.Callback):
    """One bar over all steps: loss, bits/pixel, PSNR in dB, time left.

    Figures are running means since the last line of history. A second `fit` goes on where the
    first one ended.
    """

    def __init__(self, steps: int, done: int = 0) -> None:
        super().__init__()
        self.steps, self.done = steps, done
        self.bar: Any = None  # a tqdm, while training goes on

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.bar = tqdm(
            total=self.steps, initial=self.done, unit="step", dynamic_ncols=True, mininterval=0.5
        )

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        logs = logs or {}
        if self.bar.n % 5 == 0:
            shown = {"loss": "loss", "bpp": "bits/pixel", "psnr": "PSNR dB"}
            self.bar.set_postfix(
                {label: f"{logs[name]:.3f}" for name, label in shown.items() if name in logs},
                refresh=False,
            )
        self.bar.update()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self.done = self.bar.n
        self.bar.close()


class History(keras.callbacks.Callback):
    """Adds a line to a CSV file at the end of every epoch: its number and what was logged.

    Unlike `keras.callbacks.CSVLogger` it has no columns for a validation that is not run, and a
    second `fit` goes on in the same file.

    Args:
      path: the file. Its first line names the columns, which later lines keep to.
      append: go on in the file of an earlier run; otherwise it is begun anew.
    """

    def __init__(self, path: Path, append: bool = False) -> None:
        super().__init__()
        self.path = Path(path)
        self.path.open("a" if append else "w").close()  # it is there from the first step on

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = logs or {}
        # Keras 3 sorts what it logs by name; the model knows what comes first.
        known = [name for name in getattr(self.model, "metric_names", ()) if name in logs]
        names = [*known, *(name for name in logs if name not in known)]
        line = {"epoch": epoch, **{name: float(logs[name]) for name in names}}
        with self.path.open("a+", newline="", encoding="utf-8") as file:
            file.seek(0)
            columns = next(csv.reader(file), None)
            writer = csv.DictWriter(file, columns or line, restval="NA", extrasaction="ignore")
            if columns is None:
                writer.writeheader()
            writer.writerow(line)


# A multiple of most lines of history, so that a resumed run's lines are those of an unbroken one.
STEPS_BETWEEN_LOOKS = 10


class Checkpoints(keras.callbacks.Callback):
    """Counts steps, and saves the run every few minutes and at the end.

    Args:
      checkpoints: the run's `RunCheckpoints`.
      minutes: time between checkpoints.
      writes: whether this process saves; others count only.
    """

    def __init__(self, checkpoints: RunCheckpoints, minutes: float, writes: bool = True) -> None:
        super().__init__()
        self.checkpoints, self.step = checkpoints, checkpoints.step
        self.minutes, self.writes = minutes, writes
        self.saved_at = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.step.assign_add(1)
        if self.writes and int(self.step) % STEPS_BETWEEN_LOOKS == 0 and self.is_due():
            self.save()

    def is_due(self) -> bool:
        """Whether it is time for the next checkpoint."""
        return time.monotonic() - self.saved_at >= self.minutes * 60

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        # After TerminateOnNaN the last good checkpoint is what a resumed run needs.
        weights = (tf.convert_to_tensor(v) for v in self.model.trainable_variables)
        if self.writes and all(np.all(np.isfinite(weight)) for weight in weights):
            self.save()

    def save(self) -> None:
        """Writes a checkpoint now."""
        self.checkpoints.save()
        self.saved_at = time.monotonic()


class Pictures(keras.callbacks.Callback):
    """Writes originals above their reconstructions to TensorBoard, quality by quality.

    Args:
      folder: TensorBoard log folder.
      images: samples [B, H, W, channels]; of more than three channels the first three are shown.
      step: the variable that counts finished steps.
      every: steps between pictures.
    """

    def __init__(self, folder: Path, images: np.ndarray, step: tf.Variable, every: int) -> None:
        super().__init__()
        self.folder = str(folder)
        self.writer: Any = None  # a tf.summary.SummaryWriter, likewise
        self.images = images
        self.step, self.every = step, every

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        # One run may call fit twice, and the end of each closes the writer.
        self.writer = tf.summary.create_file_writer(self.folder)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if int(self.step) % self.every:
            return
        count = self.images.shape[0]
        quality = np.round(np.linspace(1, self.model.qualities, count)).astype(np.int32)
        images = self.model.in_units(self.images)
        decoded, _, _ = self.model(images, quality=tf.constant(quality))
        both = tf.concat([images, tf.clip_by_value(decoded, 0.0, 1.0)], axis=1)
        both = both[..., : 3 if both.shape[-1] > 2 else 1]
        with self.writer.as_default(step=int(self.step)):
            tf.summary.image("original above decoded, low to high quality", both, count)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self.writer.close()
