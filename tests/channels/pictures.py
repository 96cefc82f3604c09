"""Pictures of other channels and depths, small and made up: smooth fields with edges and noise."""

import numpy as np


def made(seed, channels, peak, height=64, width=96):
    """float64 [H, W, channels] from 0 to peak: each channel another mixture of three fields."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    fields = np.stack(
        [
            np.sin(x / rng.uniform(9, 25) + rng.uniform(0, 6)) * np.cos(y / rng.uniform(9, 25)),
            np.hypot(x - rng.uniform(0, width), y - rng.uniform(0, height)) < rng.uniform(10, 30),
            (x * rng.uniform(-1, 1) + y * rng.uniform(-1, 1)) / (height + width),
        ],
        axis=-1,
    )
    mixture = np.random.default_rng(5).uniform(-1, 1, [3, channels])  # the same in every picture
    base = np.linspace(0.25, 0.7, channels)
    values = base + 0.12 * fields @ mixture + rng.normal(0, 0.01, [height, width, channels])
    return np.clip(values, 0, 1) * peak


def whole(seed, channels, bits, **size):
    """uint8 or uint16 [H, W, channels]."""
    dtype = np.uint8 if bits == 8 else np.uint16
    return np.rint(made(seed, channels, 2**bits - 1, **size)).astype(dtype)
