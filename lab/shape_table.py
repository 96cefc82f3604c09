"""What shape of the cycle codec is worth how much: short trainings, one setting changed at a time.

    python -m lab.shape_table configs/cycle.yaml --data folder:PHOTOS --pictures KODAK \
        --steps 1500 --set model.widths=[32,320] --set optimizer.muon_step=0.004

trains one shape and prints a line of a table: BD-rate against JPEG in the same pictures, steps
across the borders of 16 at 0.1 to 0.2 bits/pixel, multiply-adds of the exported decoder.tflite, and
the processor's seconds. Bits are those that training counts, of rounded latents, with 22 bytes for
the rest of a file: within 1 % of what files take. The lines of different shapes make the tables of
lab/notes/flagship.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tfcomp import config as config_module
from tfcomp.config import recipe
from tfcomp.errors import ConfigError, exit_code_of
from tfcomp.evaluation.classical import JPEG
from tfcomp.evaluation.curves import Point, bd_rate
from tfcomp.evaluation.images import read_images
from tfcomp.evaluation.macs import MultiplyAdds
from tfcomp.evaluation.metrics import border_steps, psnr
from tfcomp.evaluation.rate_distortion import curve

_FILE_BITS = 8 * 22
_COUNTED_SIDE = 256  # pixels, rounded up to whole latent elements
_LOW_RATES = (0.1, 0.2)  # bits/pixel


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.shape_table")
    parser.add_argument("config", type=Path)
    parser.add_argument("--data", help="overrides data.source")
    parser.add_argument("--pictures", type=Path, required=True, help="a folder to measure on")
    parser.add_argument("--every", type=int, default=2, help="every n-th picture of it")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument(
        "--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="YAML value"
    )
    options = parser.parse_args(arguments)
    return exit_code_of("shape_table", lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    # A recipe's last phase is the one whose learning rate falls.
    config = _changed(recipe.load(options.config).phases[-1].config, options)
    images = dict(list(read_images(options.pictures).items())[:: options.every])
    print(_line(config, images, " ".join(options.set) or "as it is"))


def decoder_macs(model: Any) -> float:
    """Multiply-adds a pixel of a model's exported decoder.tflite, as the benchmark counts them."""
    from tfcomp.export.families import deploy
    from tfcomp.export.tflite import convert

    rows = -(-_COUNTED_SIDE // model.stride)
    latents = np.zeros((1, rows, rows, model.model_config.channels), np.int32)
    counter = MultiplyAdds()
    counter.network_ran(
        convert(deploy(model), "decode"),
        "decode",
        {"latents": latents, "quality": np.ones(1, np.int32)},
    )
    return counter.total / (rows * model.stride) ** 2


def _changed(config: config_module.Config, options: Any) -> config_module.Config:
    values = config_module.to_dict(config)
    for change in options.set:
        place, _, text = change.partition("=")
        *sections, key = place.split(".")
        section = values
        for name in sections:
            section = section.get(name, {})
        if key not in section:
            raise ConfigError(f"--set {change}: the config has no {place}")
        section[key] = yaml.safe_load(text)
    values["training"]["steps"] = options.steps
    if options.data:
        values["data"]["source"] = options.data
    return config_module.from_dict(values)


def _line(config: config_module.Config, images: dict[str, np.ndarray], label: str) -> str:
    from tfcomp.training import loop

    with tempfile.TemporaryDirectory() as folder:
        before = time.process_time()
        model = loop.train(config, Path(folder) / "run")
        seconds = time.process_time() - before
    points, steps = measured(model, images)
    anchor = curve(JPEG.encode, JPEG.decode, JPEG.qualities, images)
    whole, middle = bd_rate(anchor, points), bd_rate(anchor, points, (27, 36))
    cells = [
        label,
        f"{decoder_macs(model) / 1000:.2f}",
        *(f"{found.percent:+.1f} %" if found else "-" for found in (whole, middle)),
        f"{np.mean(steps):.2f}" if steps else "-",
        f"{seconds:.0f}",
    ]
    return "| " + " | ".join(cells) + " |"


def measured(model: Any, images: dict[str, np.ndarray]) -> tuple[list[Point], list[float]]:
    """A model's mean curve, and `border_steps` of what lies between 0.1 and 0.2 bits/pixel.

    Args:
      model: a trained `CodecModel`.
      images: name -> uint8 [H, W, 3].
    """
    import tensorflow as tf

    points, steps = [], []
    for quality in range(1, model.qualities + 1):
        rates, psnrs = [], []
        for image in images.values():
            picture = tf.constant(image[None] / 255.0, tf.float32)
            decoded, bits, _ = model(picture, quality=tf.constant([quality]))
            pixels = np.clip(np.rint(decoded[0].numpy() * 255), 0, 255).astype(np.uint8)
            rates.append((float(bits[0]) + _FILE_BITS) / (image.shape[0] * image.shape[1]))
            psnrs.append(psnr(image, pixels))
            if _LOW_RATES[0] <= rates[-1] <= _LOW_RATES[1]:
                steps.append(border_steps(pixels))
        points.append(Point(quality, float(np.mean(rates)), float(np.mean(psnrs))))
    return points, [step for step in steps if step is not None]


if __name__ == "__main__":
    sys.exit(main())
