"""Trains the `learned` post-filter of the benchmark for one codec's pictures.

    python -m lab.post_filter DATA/train,DATA2/train --out jpeg.tflite --minutes 10

Crops of photographs are coded at random qualities, and a small network learns to give the crops
back. The loss of a crop is its squared error over that of the decoded crop, so that all qualities
weigh alike. The learning rate falls with the share of steps or of time that is spent, whichever is
larger, so that the run ends in time on a slow machine too.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path
from typing import Iterable, List, Tuple

import numpy as np
import tensorflow as tf
from PIL import Image
from tqdm import tqdm

from lab.post_filter_network import DeployedPostFilter, PostFilter
from tfcomp.errors import ConfigError, exit_code_of
from tfcomp.evaluation.classical import CODECS, ClassicalCodec
from tfcomp.evaluation.images import image_files, read_pixels
from tfcomp.export.tflite import convert
from tfcomp.runtime.atomic_file import write_atomically

CROP = 64  # pixels: whole blocks of 16, so that a crop lies on the codec's grid as a picture does
_QUALITIES = (4, 90)
_SMALLEST_SCALE = 0.45  # downscaling takes away what earlier coding left in the photographs
_PEAK_RATE, _WARM_UP_STEPS = 1e-3, 100
_NO_ERROR = 1e-5  # of a flat crop, (0.8 grey levels)^2: nothing to repair


def training_crops(images: Iterable[np.ndarray], per_image: int, seed: int) -> np.ndarray:
    """Random squares of randomly downscaled uint8 [H, W, 3] images: uint8 [N, CROP, CROP, 3]."""
    random = np.random.default_rng(seed)
    crops = []
    for image in images:
        height, width, _ = image.shape
        if min(height, width) < CROP:
            continue
        picture = Image.fromarray(image)
        for _ in range(per_image):
            window = min(CROP / random.uniform(_SMALLEST_SCALE, 1), height, width)
            left, top = random.uniform(0, width - window), random.uniform(0, height - window)
            box = (left, top, left + window, top + window)
            small = picture.resize((CROP, CROP), Image.Resampling.LANCZOS, box)
            crops.append(np.asarray(small))
    if not crops:
        raise ConfigError(f"no image has {CROP} pixels a side")
    return np.stack(crops)


def coded_batch(
    codec: ClassicalCodec, crops: np.ndarray, size: int, random: np.random.Generator
) -> Tuple[np.ndarray, np.ndarray]:
    """(crops, the same coded at random qualities): uint8 [size, CROP, CROP, 3] each."""
    chosen = crops[random.integers(len(crops), size=size)]
    if random.random() < 0.5:
        chosen = chosen[:, :, ::-1]
    # Uniform in the logarithm: low qualities have most of the artefacts.
    lowest, highest = np.log(_QUALITIES)
    qualities = np.exp(random.uniform(lowest, highest, size)).round().astype(int)
    decoded = [codec.decode(codec.encode(crop, int(q))) for crop, q in zip(chosen, qualities)]
    return chosen, np.stack(decoded)


def train(
    codec: ClassicalCodec, crops: np.ndarray, steps: int, minutes: float, batch: int, seed: int
) -> Tuple[PostFilter, List[float]]:
    """Trains a network until the steps are done or the minutes are over.

    Returns:
      (the network, the loss of every step: 1 is a picture left as it is)
    """
    tf.keras.utils.set_random_seed(seed)
    random = np.random.default_rng(seed)
    network = PostFilter()
    network(tf.zeros([1, CROP, CROP, 3]))
    optimizer = tf.keras.optimizers.Adam(_PEAK_RATE)

    @tf.function
    def step(originals, decoded):
        x = tf.cast(originals, tf.float32) / 255
        y = tf.cast(decoded, tf.float32) / 255
        with tf.GradientTape() as tape:
            before = tf.reduce_mean(tf.square(x - y), axis=[1, 2, 3])
            after = tf.reduce_mean(tf.square(x - network(y, training=True)), axis=[1, 2, 3])
            loss = tf.reduce_mean(after / (before + _NO_ERROR))
        variables = network.trainable_variables
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, variables), 1.0)
        optimizer.apply_gradients(zip(gradients, variables))
        return loss

    losses: List[float] = []
    start = time.monotonic()
    with tqdm(total=steps, unit="step", disable=None) as bar:
        while True:
            spent = max(len(losses) / steps, (time.monotonic() - start) / (60 * minutes))
            if spent >= 1:
                break
            warm_up = min(1.0, (len(losses) + 1) / _WARM_UP_STEPS)
            cooling = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * spent))
            optimizer.learning_rate.assign(_PEAK_RATE * warm_up * cooling)
            losses.append(float(step(*coded_batch(codec, crops, batch, random))))
            bar.update()
            bar.set_postfix(loss=float(np.mean(losses[-50:])), refresh=False)
    return network, losses


def main(arguments=None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.post_filter", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("folders", metavar="FOLDER,...", help="folders of training photographs")
    parser.add_argument("--codec", default="jpeg", choices=sorted(CODECS), help="(jpeg)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="TFLite file")
    parser.add_argument("--steps", type=int, default=6000, help="optimiser steps (6000)")
    parser.add_argument("--minutes", type=float, default=10, help="at most so long (10)")
    parser.add_argument("--batch", type=int, default=8, help="crops a step (8)")
    parser.add_argument("--crops-per-image", type=int, default=8, help="(8)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    return exit_code_of("post_filter", lambda: _run(options))


def _run(options) -> None:
    if min(options.steps, options.minutes, options.batch, options.crops_per_image) <= 0:
        raise ConfigError("--steps, --minutes, --batch and --crops-per-image must be above 0")
    files = [f for folder in options.folders.split(",") for f in image_files(Path(folder))]
    images = (read_pixels(file) for file in tqdm(files, desc="reading", disable=None))
    crops = training_crops(images, options.crops_per_image, options.seed)
    codec = CODECS[options.codec]
    network, losses = train(
        codec, crops, options.steps, options.minutes, options.batch, options.seed
    )
    content = convert(DeployedPostFilter(network), "enhance", "float16")
    write_atomically(options.out, content)
    tail = float(np.mean(losses[-max(1, len(losses) // 10) :]))
    print(
        f"{options.out}: {len(content):,} bytes, {len(losses)} steps of {options.batch} crops from "
        f"{len(files)} photographs; squared error left: {100 * tail:.1f} % of {codec.name}'s "
        f"({-10 * math.log10(tail):.2f} dB)"
    )


if __name__ == "__main__":
    sys.exit(main())
