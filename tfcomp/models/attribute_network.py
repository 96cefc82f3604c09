"""A small fixed network that estimates gender and age of a face.

    image -> mean over blocks down to 64x64 -> [conv 3x3 -> ReLU] x 5 -> mean -> dense -> 2 numbers

It is trained beforehand on the training split (lab/attributes.py) and then fixed. The likelihood
term of vaegan compares two pictures by its features. No file and no bundle depends on it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence

import numpy as np
import tensorflow as tf

from tfcomp.errors import ConfigError

SIDE = 64
WIDTHS = (24, 48, 64, 96, 96)
STRIDES = (2, 2, 1, 2, 1)
OUTPUTS = 2  # the logit of "male", and age in units of AGE_UNIT years around AGE_MEAN
AGE_MEAN, AGE_UNIT = 30.0, 20.0


def shrunk(images: tf.Tensor) -> tf.Tensor:
    """Square images [B, H, H, C] -> [B, 64..127, same, C]: means over blocks from 128 pixels on."""
    factor = max(1, images.shape[1] // SIDE)
    return images if factor == 1 else tf.nn.avg_pool2d(images, factor, factor, "VALID")


class FrozenAttributes:
    """The trained network as constants.

    Args:
      path: a file that `save` wrote.

    Raises:
      ConfigError: there is no such file, or it holds something else.
    """

    def __init__(self, path: str | Path) -> None:
        try:
            with np.load(Path(path), allow_pickle=False) as file:
                arrays = [file[f"array_{number}"] for number in range(2 * len(WIDTHS) + 2)]
        except (OSError, KeyError, ValueError) as error:
            raise ConfigError(
                f"{path} holds no attribute network ({error}): make one with "
                "python -m lab.attributes FACES --out FILE in tfcomp's repository"
            ) from None
        self._arrays = [np.asarray(array, np.float32) for array in arrays]

    def __call__(self, images: tf.Tensor) -> tuple[tuple[tf.Tensor, ...], tf.Tensor]:
        """The network's features and outputs.

        Args:
          images: float32 [B, H, H, 3] in 0..1.

        Returns:
          (tuple of five float32 [B, h, w, C] feature maps, float32 [B, 2] outputs)
        """
        x = shrunk(images) - 0.5
        features = []
        for number, stride in enumerate(STRIDES):
            kernel, bias = self._arrays[2 * number : 2 * number + 2]
            x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, kernel, stride, "SAME"), bias))
            features.append(x)
        weights, bias = self._arrays[-2:]
        return tuple(features), tf.matmul(tf.reduce_mean(x, (1, 2)), weights) + bias


def save(path: str | Path, arrays: Sequence[np.ndarray]) -> None:
    """Writes kernels and biases in turn, the dense layer's last; `FrozenAttributes` reads them."""
    named: dict[str, Any] = {f"array_{number}": a for number, a in enumerate(arrays)}
    with Path(path).open("wb") as file:
        np.savez(file, **named)
