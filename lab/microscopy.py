"""Simulated fluorescence micrographs of five channels of 14 bits: python -m lab.microscopy FOLDER.

    cells: nuclei, cytoplasm, membranes, filaments, vesicles   photons of each structure
      -> emission spectra: each structure shines into every channel
      -> optics: Gaussian point spread of each channel's wavelength (Zhang, Zerubia, Olivo-Marin
         2007, "Gaussian approximations of fluorescence microscope point-spread function models")
      -> camera: shot noise of the photons, read noise, gain, offset, 14 bits (Huang et al. 2013,
         "Video-rate nanoscopy using sCMOS camera-specific single-molecule localization algorithms")

No picture of anybody's, and all of it follows from the seed. Writes FOLDER/train and FOLDER/test:
.npy files of uint16 [side, side, 5].
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy import ndimage

# DAPI, FITC, Cy3, Texas Red, Cy5: peaks of emission in nm, and the width of their spectra.
PEAKS = np.array([461.0, 519.0, 570.0, 615.0, 670.0])
_SPECTRUM = 26.0
_APERTURE, _PIXEL = 1.4, 65.0  # numerical aperture; nm of the sample that a pixel sees
_EFFICIENCY, _GAIN, _OFFSET, _READ_NOISE = 0.72, 2.2, 100.0, 1.6  # electrons; counts an electron
_BRIGHTNESS = np.array([9000.0, 5000.0, 3500.0, 7000.0, 4500.0])  # photons of each structure
_BITS = 14  # of the converter
_CELLS = 7


def micrograph(seed: int, side: int = 512) -> np.ndarray:
    """uint16 [side, side, 5]."""
    rng = np.random.default_rng(seed)
    photons = _structures(rng, side) * _BRIGHTNESS * rng.uniform(0.5, 1.5, 5)
    distance = PEAKS[:, None] - PEAKS[None]
    crosstalk = np.exp(-0.5 * np.square(distance / _SPECTRUM))
    light = photons @ crosstalk + rng.uniform(5, 25)  # and a background
    for channel, wavelength in enumerate(PEAKS):
        spread = 0.21 * wavelength / _APERTURE / _PIXEL
        light[..., channel] = ndimage.gaussian_filter(light[..., channel], spread)
    electrons = rng.poisson(_EFFICIENCY * light) + rng.normal(0, _READ_NOISE, light.shape)
    return np.clip(np.rint(electrons * _GAIN + _OFFSET), 0, 2**_BITS - 1).astype(np.uint16)


def _structures(rng: np.random.Generator, side: int) -> np.ndarray:
    """float64 [side, side, 5], about 0 to 1: nuclei, cytoplasm, filaments, vesicles, membranes."""
    y, x = np.mgrid[:side, :side].astype(np.float64)
    scene = np.zeros((side, side, 5))
    for _ in range(_CELLS):
        row, column = rng.uniform(0, side, 2)
        angle, long, short = rng.uniform(0, np.pi), rng.uniform(60, 110), rng.uniform(45, 70)
        along = (x - column) * np.cos(angle) + (y - row) * np.sin(angle)
        across = (y - row) * np.cos(angle) - (x - column) * np.sin(angle)
        wobble = 1 + 0.08 * np.sin(3 * np.arctan2(across, along) + rng.uniform(0, 6))
        radius = np.hypot(along / long, across / short) / wobble
        inside = radius < 1
        nucleus = np.hypot(along / (0.42 * long), across / (0.5 * short)) < 1
        scene[..., 0] += nucleus * (0.6 + 0.4 * _texture(rng, side, 5))
        scene[..., 1] += inside * (1 - radius) * (0.5 + 0.5 * _texture(rng, side, 12))
        scene[..., 4] += np.exp(-np.square((radius - 1) * short / 2.5))
        scene[..., 2] += inside * ~nucleus * _filaments(rng, side, angle)
        scene[..., 3] += inside * ~nucleus * _vesicles(rng, side)
    return np.minimum(scene, 3.0)


def _texture(rng: np.random.Generator, side: int, scale: float) -> np.ndarray:
    """Smooth noise, float64 [side, side] from 0 to 1."""
    noise = ndimage.gaussian_filter(rng.normal(size=(side, side)), scale, mode="wrap")
    return (noise - noise.min()) / np.ptp(noise)


def _filaments(rng: np.random.Generator, side: int, angle: float) -> np.ndarray:
    """Ridges of a stretched noise that runs along a cell."""
    noise = ndimage.gaussian_filter(rng.normal(size=(side, side)), (2.5, 22), mode="wrap")
    turned = ndimage.rotate(noise, -np.degrees(angle), reshape=False, mode="wrap", order=1)
    return np.exp(-np.square(turned / (0.35 * turned.std())))


def _vesicles(rng: np.random.Generator, side: int) -> np.ndarray:
    """Spots below the resolution."""
    spots = np.zeros((side, side))
    places = rng.integers(0, side, (side * side // 900, 2))
    spots[places[:, 0], places[:, 1]] = rng.uniform(4, 12, len(places))
    return ndimage.gaussian_filter(spots, 1.0)


def write(folder: Path, train: int, test: int, side: int) -> None:
    """Writes both splits; test pictures have seeds of their own."""
    for split, count, first in (("train", train, 0), ("test", test, 10_000)):
        (folder / split).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            np.save(folder / split / f"{number:03d}.npy", micrograph(first + number, side))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.microscopy", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--train", type=int, default=24, help="pictures to train on (24)")
    parser.add_argument("--test", type=int, default=6, help="pictures to measure on (6)")
    parser.add_argument("--side", type=int, default=512, help="pixels (512)")
    options = parser.parse_args()
    write(options.folder, options.train, options.test, options.side)


if __name__ == "__main__":
    main()
