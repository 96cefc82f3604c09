r"""Ways to make bits, compared: equal networks, data and steps, equal bits sent.

    python -m lab.binarizer_table --config configs/binary.yaml --steps 800 \
        --data tfds:cifar10 --data-dir TFDS --out runs/binarizers

Trains the config's model once with each binariser and measures it on pictures of the test split:
real files' bits, PSNR of decoded 8-bit pixels, and the training loss with the very bits of files.
Writes table.md, and saturation.png and saturation.md: where sigmoid(f) lies at the end of each
noise level.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfcomp import config as config_module
from tfcomp.data import sources
from tfcomp.errors import exit_code_of
from tfcomp.evaluation.metrics import psnr
from tfcomp.families.binary.demonstration import test_pictures
from tfcomp.runs import run_folder
from tfcomp.runtime.atomic_file import write_atomically
from tfcomp.training import averages
from tfcomp.training.batches import training_batches
from tfcomp.training.callbacks import ProgressBar
from tfcomp.training.optimizers import build_optimizer

CURRICULUM = (0.1, 0.3, 1.0, 5.0, 15.0)
# Name -> changes to the loss section.
VARIANTS: Dict[str, dict] = {
    "noise 0.1 ... 15": {"binarizer": "noise", "noise": CURRICULUM},
    "noise 15 from the start": {"binarizer": "noise", "noise": CURRICULUM[-1:]},
    "noise 0.1 ... 15, hard tail": {
        "binarizer": "noise",
        "noise": CURRICULUM,
        "noise_ends": (0.15, 0.3, 0.45, 0.6, 1.0),
        "hard_share": 0.25,
    },
    "straight-through": {"binarizer": "straight_through"},
    "stochastic": {"binarizer": "stochastic"},
    "stochastic, hard tail": {"binarizer": "stochastic", "hard_share": 0.25},
}
_SATURATED = 0.05  # closer to 0 or 1 than this
_BINS = 20


@dataclasses.dataclass(frozen=True)
class Result:
    """One way to make bits, after training.

    Attributes:
      name: of the variant.
      training_loss: mean over the last tenth of the steps, with their noise.
      test_loss: the same loss on the test pictures, with the bits of files.
      raw_bpp, file_bpp, psnr: one a quality; raw bits sent, whole files, dB.
      stages: (noise level, counts of sigmoid(f) in 20 bins of 0..1) at the end of each stage.
    """

    name: str
    training_loss: float
    test_loss: float
    raw_bpp: Sequence[float]
    file_bpp: Sequence[float]
    psnr: Sequence[float]
    stages: Sequence[tuple]


def train_and_measure(name, config, pictures):
    """Trains a config's model in memory and measures it.

    Args:
      name: for the result.
      config: a `tfcomp.config.Config` of family "binary".
      pictures: uint8 [B, H, W, 3], all of one size.

    Returns:
      a `Result`.

    Raises:
      CodecError: the training data can't be had.
    """
    settings, data = config.training, config.data
    keras.backend.clear_session()
    keras.utils.set_random_seed(settings.seed)
    source = sources.open_source(data.source, data.data_dir, data.split)
    model = run_folder.build_model(config)
    optimizer = build_optimizer(config.optimizer, settings.steps, model.hidden_kernels)
    model.compile(optimizer=optimizer)
    model.clip_norm, model.seed = config.optimizer.clip_norm, settings.seed
    model.total_steps = settings.steps
    averages.attach(model, config.optimizer)
    losses = _Losses()
    bar = ProgressBar(settings.steps)
    stages: List[tuple] = []
    done = 0
    for sigma, end in _stages(config.loss):
        steps = round(end * settings.steps) - done
        batches = training_batches(source, config, data.batch_size, start_step=done)
        model.fit(batches, steps_per_epoch=steps, callbacks=[losses, bar], verbose=0)
        done += steps
        bar.done = done
        stages.append((sigma, histogram(model, pictures)))
    for each in model.averages.values():
        each.use()
    model.finish(training_batches(source, config, data.batch_size))
    tail = losses.values[-max(1, settings.steps // 10) :]
    return _measured(name, model, pictures, float(np.mean(tail)), stages)


def histogram(model, pictures):
    """Counts of sigmoid(f) over all channels and pictures, int64 [20], bins of equal width."""
    features = model.analysis(model.pad(tf.cast(pictures, tf.float32) / 255.0))
    return np.histogram(tf.sigmoid(features), bins=_BINS, range=(0.0, 1.0))[0]


def _measured(name, model, pictures, training_loss, stages):
    images = tf.cast(pictures, tf.float32) / 255.0
    pixels = pictures.shape[1] * pictures.shape[2]
    sent = model.prior.sent
    raw, rates, levels, test_losses = [], [], [], []
    grid = (-(-pictures.shape[1] // model.stride)) * (-(-pictures.shape[2] // model.stride))
    for quality in range(1, model.qualities + 1):
        files = model.compress(images, quality)
        decoded = model.decompress(files)
        raw.append(sent[quality - 1] * grid / pixels)
        rates.append(8 * np.mean([len(data) for data in files]) / pixels)
        levels.append(np.mean([psnr(a, b) for a, b in zip(pictures, decoded)]))
        each = tf.fill([len(pictures)], quality)
        test_losses.append(model.loss_of_bits(images, each))
    return Result(name, training_loss, float(np.mean(test_losses)), raw, rates, levels, stages)


def _stages(loss):
    """(sigma, end) pairs; a single stage without a noise level where no noise is added."""
    if loss.binarizer != "noise":
        return [(None, 1.0)]
    return list(zip(loss.noise, (*loss.stage_ends[:-1], 1.0)))


class _Losses(keras.callbacks.Callback):
    """Every step's loss, undone from Keras's running mean."""

    def __init__(self):
        super().__init__()
        self.values = []

    def on_epoch_begin(self, epoch, logs=None):
        self.total, self.count = 0.0, 0

    def on_train_batch_end(self, batch, logs=None):
        self.count += 1
        total = logs["loss"] * self.count
        self.values.append(total - self.total)
        self.total = total


def table(results, heading):
    """Markdown: a line a variant."""
    qualities = range(len(results[0].psnr))
    columns = [f"{results[0].raw_bpp[q]:g} raw bits/pixel" for q in qualities]
    lines = [heading, "", "| bits by | loss, training | loss, files' bits |" + "|".join(
        f" {column} " for column in columns) + "|"]
    lines.append("| --- " * (3 + len(columns)) + "|")
    for r in results:
        cells = [f"{r.psnr[q]:.2f} dB, {r.file_bpp[q]:.2f}" for q in qualities]
        cells = [r.name, f"{r.training_loss:.5f}", f"{r.test_loss:.5f}", *cells]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def saturation_table(result):
    """Markdown: where sigmoid(f) lies at the end of each noise level."""
    near = round(_SATURATED * _BINS)
    lines = [
        f"| noise | below {_SATURATED:g} | between | above {1 - _SATURATED:g} |",
        "| --- " * 4 + "|",
    ]
    for sigma, counts in result.stages:
        low, high, total = counts[:near].sum(), counts[-near:].sum(), counts.sum()
        shares = [100 * part / total for part in (low, total - low - high, high)]
        cells = ["none" if sigma is None else f"{sigma:g}", *(f"{s:.1f} %" for s in shares)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def saturation_picture(result, path):
    """A PNG of the histograms, a panel a noise level."""
    from matplotlib.figure import Figure

    count = len(result.stages)
    figure = Figure(figsize=(2.6 * count, 2.8), layout="constrained")
    edges = np.linspace(0, 1, _BINS + 1)
    for axes, (sigma, counts) in zip(figure.subplots(1, count, squeeze=False)[0], result.stages):
        axes.stairs(100 * counts / counts.sum(), edges, fill=True, color="#0072b2")
        axes.set_title(f"after noise {sigma:g}", fontsize=10)
        axes.set_xlabel("sigmoid(f)")
        axes.set_ylim(0, 100)
    figure.axes[0].set_ylabel("% of the code")
    figure.savefig(path, dpi=100)


def main(arguments=None):
    """Runs the command; returns its exit code, 2 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m lab.binarizer_table")
    parser.add_argument("--config", type=Path, default=Path("configs/binary.yaml"))
    parser.add_argument("--steps", type=int, help="of each training")
    parser.add_argument("--data", metavar="SOURCE")
    parser.add_argument("--data-dir")
    parser.add_argument("--limit", type=int, default=100, help="test pictures")
    parser.add_argument("--only", help="variants to compare, by number from 0: 0,3")
    parser.add_argument("--out", type=Path, default=Path("runs/binarizers"))
    options = parser.parse_args(arguments)
    return exit_code_of("binarizer_table", lambda: _run(options))


def _run(options):
    config = config_module.load(options.config)
    given = {"source": options.data, "data_dir": options.data_dir}
    given = {name: value for name, value in given.items() if value is not None}
    config = dataclasses.replace(config, data=dataclasses.replace(config.data, **given))
    if options.steps:
        training = dataclasses.replace(config.training, steps=options.steps)
        config = dataclasses.replace(config, training=training)
    compare(config, options.out, options.limit, options.only)


def compare(config, out, limit, only=None):
    """Trains and measures every variant; writes the table anew after each."""
    out.mkdir(parents=True, exist_ok=True)
    pictures = np.stack(test_pictures(config, limit, config.data.crop))
    names = list(VARIANTS)
    if only is not None:
        names = [names[int(number)] for number in only.split(",")]
    results: List[Result] = []
    for name in names:
        loss = dataclasses.replace(config.loss, **VARIANTS[name])
        result = train_and_measure(name, dataclasses.replace(config, loss=loss), pictures)
        results.append(result)
        if len(result.stages) > 1 and not (out / "saturation.md").exists():
            write_atomically(out / "saturation.md", saturation_table(result).encode("utf-8"))
            saturation_picture(result, out / "saturation.png")
        heading = (
            f"{config.training.steps} steps of {config.data.batch_size} crops of "
            f"{config.data.crop}x{config.data.crop} from {config.data.source}; "
            f"{len(pictures)} test pictures; PSNR and bits/pixel of whole files."
        )
        write_atomically(out / "table.md", table(results, heading).encode("utf-8"))
        print(table(results, heading))


if __name__ == "__main__":
    sys.exit(main())
