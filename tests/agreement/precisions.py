"""1,500 steps of a small cycle model in float32 and in bfloat16, from one seed on the same crops.

    python -m tests.agreement.precisions        prints a table; minutes on one core

The second run changes over to float32 where `training.float32_from` says, as every run does.
"""

import csv
import tempfile
from pathlib import Path

import numpy as np

STEPS = 1500
PRECISIONS = ("float32", "mixed_bfloat16")
_LINE = 50  # steps
_LAST_LINES = 3


def settings(precision, steps=STEPS):
    """All parts of the shipped `cycle`'s model, each smaller."""
    from tfcomp import config

    return config.from_dict(
        {
            "model": {
                "family": "cycle",
                "widths": [16, 32, 48, 64],
                "residual_blocks": [1, 1, 1, 0],
                "correction_blocks": 1,
                "diffusion": True,
                "prior": "hyperprior",
                "hyperprior": {
                    "groups": [8, 56],
                    "checkerboard": 1,
                    "quincunx": 1,
                    "rows_per_stream": [1] * 8,
                    "features": 32,
                    "hidden": 32,
                    "heavy_tails": True,
                    "skipped_scales": 2,
                },
            },
            "loss": {"cycle_weight": 0.01, "cycle_images": 1, "sparsity_weight": 1.0e-5},
            "data": {"source": "sample", "crop": 64, "batch_size": 4},
            "training": {
                "steps": steps,
                "precision": precision,
                "picture_every": 0,
                "log_every": _LINE,
            },
        }
    )


def trained(precision, folder, steps=STEPS):
    """Trains, and says what it came to.

    Returns:
      dict of "loss", "bpp" and "psnr", over the last 150 steps; and "test bpp", "test psnr", of the
      sample's test pictures, over all qualities and with latents rounded.
    """
    from tfcomp.training import loop

    model = loop.train(settings(precision, steps), folder)
    with (Path(folder) / "history.csv").open() as file:
        lines = list(csv.DictReader(file))[-_LAST_LINES:]
    figures = {
        name: float(np.mean([float(line[name]) for line in lines]))
        for name in ("loss", "bpp", "psnr")
    }
    bpp, psnr = zip(*_measured(model))
    return {**figures, "test bpp": float(np.mean(bpp)), "test psnr": float(np.mean(psnr))}


def _measured(model):
    import tensorflow as tf

    from tfcomp.data.sample_source import sample_images

    for image in sample_images("test").values():
        x = tf.cast(image[None], tf.float32) / 255.0
        for quality in range(1, model.qualities + 1):
            picture, bits, _ = model(x, tf.constant([quality]))
            error = tf.reduce_mean(tf.square(tf.clip_by_value(picture, 0.0, 1.0) - x))
            yield float(bits[0]) / (x.shape[1] * x.shape[2]), -10.0 * np.log10(float(error))


def main():
    with tempfile.TemporaryDirectory() as folder:
        for precision in PRECISIONS:
            figures = trained(precision, Path(folder) / precision)
            cells = "  ".join(f"{name} {value:.4f}" for name, value in figures.items())
            print(f"{precision:16}{cells}", flush=True)


if __name__ == "__main__":
    main()
