"""The clip of a still camera: a photograph, and in each frame the noise of a sensor.

    python -m lab.still_camera PHOTOGRAPH FOLDER [--count 48] [--noise 3] [--width 512]

The photograph is made smaller, so that its own noise and what coding did to it are gone. The noise
is independent from frame to frame, pixel to pixel and colour to colour; its variance grows with
the light, as photons' does, from a share that the dark has too. Frames are PNG files.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tfcomp.errors import exit_code_of

DARK_SHARE = 0.3  # of white's variance

_log = logging.getLogger("lab")


def frames(photograph: np.ndarray, count: int, noise: float, seed: int) -> list[np.ndarray]:
    """uint8 [H, W, 3] pictures, the same but for their noise.

    Args:
      photograph: uint8 [H, W, 3].
      count: how many.
      noise: standard deviation where the picture is white, in levels of 0..255.
      seed: of the noise.
    """
    random = np.random.default_rng(seed)
    light = photograph.astype(np.float64)
    spread = noise * np.sqrt(DARK_SHARE + (1 - DARK_SHARE) * light / 255)
    return [
        np.clip(np.rint(light + spread * random.normal(size=light.shape)), 0, 255).astype(np.uint8)
        for _ in range(count)
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.still_camera", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("photograph", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--noise", type=float, default=3.0)
    parser.add_argument("--width", type=int, default=512, help="of the frames, in pixels")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    def work() -> None:
        with Image.open(options.photograph) as image:
            height = round(image.height * options.width / image.width)
            small = image.convert("RGB").resize((options.width, height), Image.Resampling.LANCZOS)
        options.folder.mkdir(parents=True, exist_ok=True)
        made = frames(np.asarray(small), options.count, options.noise, seed=1)
        for number, frame in enumerate(made):
            Image.fromarray(frame).save(options.folder / f"{number:04d}.png")
        _log.info("%d frames of %dx%d", len(made), *small.size)

    return exit_code_of("lab.still_camera", work)


if __name__ == "__main__":
    sys.exit(main())
