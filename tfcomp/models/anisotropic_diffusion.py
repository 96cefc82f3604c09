"""One step of anisotropic diffusion, which smooths the decoder's picture.

    picture x --D: neighbour minus pixel, 4 directions--+-----------------------> * -- D^T --> x - .
                                                        |                         |
                     squares, mean of 3x3, colours added, d                       |
                                                        |                         |
                                     * contrast^2 -> * scale_q -> (1 + d/4)^-4 -> * strength_q
                                          |
    features --conv 3x3, leaky ReLU, conv 1x1

Every pixel moves towards those of its neighbours whose surroundings look like its own, and not
across edges (Perona, Malik 1990, "Scale-space and edge detection using anisotropic diffusion"). It
compares patches, not single pixels, as Buades et al. 2005, "A non-local algorithm for image
denoising", and is trained, as Chen, Pock 2017, arXiv:1508.02848. D^T has the kernel of D, as in all
mirrored layers. A few convolutions with leaky ReLUs do not learn such products of differences and
weights: lab/notes/experiments.md has the figures.
"""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfcomp.entropy.integer_layers import pad_edges
from tfcomp.models import convolution
from tfcomp.models.layers import PACKAGE

DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))
SHARPNESS = 4  # weights fall as (1 + d / SHARPNESS)^-SHARPNESS, which tends to exp(-d)

_FIRST_STRENGTH = 0.06
# The squared difference, in grey levels, of neighbours that count as alike at the smallest lambda,
# and the power of lambda by which it shrinks.
_ALIKE, _ALIKE_POWER = 27.0, 0.65


def difference_kernel(colours: int = 3) -> np.ndarray:
    """D, float32 [3, 3, C, 4 C]: neighbour minus pixel, for each direction and colour."""
    kernel = np.zeros((3, 3, colours, len(DIRECTIONS), colours), np.float32)
    for number, (down, right) in enumerate(DIRECTIONS):
        for colour in range(colours):
            kernel[1 + down, 1 + right, colour, number, colour] = 1.0
            kernel[1, 1, colour, number, colour] = -1.0
    return kernel.reshape(3, 3, colours, -1)


def spread_kernel(colours: int = 3) -> np.ndarray:
    """float32 [1, 1, 4, 4 C]: one weight for all colours of a direction."""
    return np.repeat(np.eye(len(DIRECTIONS), dtype=np.float32), colours, axis=1)[None, None]


@keras.utils.register_keras_serializable(package=PACKAGE)
class AnisotropicDiffusion(keras.layers.Layer):
    """One step of diffusion with trained weights, of the synthesis direction alone.

    Args:
      lambdas: the rate-distortion multiplier of each quality, from which the noise is estimated.
      colours: channels of the picture, C.
      hidden: channels between the features and the contrast.
    """

    def __init__(
        self,
        lambdas: Sequence[float] | np.ndarray,
        colours: int = 3,
        hidden: int = 16,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.colours = int(colours)
        self.lambdas = [float(value) for value in lambdas]
        self.hidden = int(hidden)

    def build(self, feature_shape: tf.TensorShape) -> None:
        features, directions = int(feature_shape[-1]), len(DIRECTIONS)
        spread = spread_kernel(self.colours)[0, 0].T

        def weight(name: str, shape: tuple[int, ...], value: Any = "zeros") -> tf.Variable:
            if not isinstance(value, str):
                value = keras.initializers.Constant(np.broadcast_to(value, shape))
            return self.add_weight(name=f"diffusion_{name}", shape=shape, initializer=value)

        # These are squared, so that no difference makes two surroundings more alike.
        self.mean_root = weight("mean_root", (3, 3, directions * self.colours, 1), 1 / 3)
        self.colour_root = weight("colour_root", spread.shape, np.sqrt(spread + 0.01))
        alike = _ALIKE * (np.divide(self.lambdas[0], self.lambdas)) ** _ALIKE_POWER / 255.0**2
        table = (len(self.lambdas), directions)
        self.log_scale = weight("log_scale", table, -np.log(alike)[:, None])
        self.strength = weight("strength", table, _FIRST_STRENGTH)
        self.first = (
            weight("first_kernel", (3, 3, features, self.hidden), "he_normal"),
            weight("first_bias", (self.hidden,)),
        )
        # Two by two pixels for every feature.
        self.second = (
            weight("second_kernel", (1, 1, self.hidden, 4 * directions)),
            weight("second_bias", (4 * directions,), 1.0),
        )
        super().build(feature_shape)

    def synthesis(self, picture: tf.Tensor, features: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """Smooths a decoded picture.

        Args:
          picture: float32 [B, H, W, C], about -1/2..1/2; H and W even.
          features: [B, H/2, W/2, C], the input of the last transposed convolution.
          quality: int32 [B].

        Returns:
          float32 [B, H, W, C]
        """
        kernel = tf.constant(difference_kernel(self.colours))
        # Beyond the picture's edge every pixel meets itself, so nothing flows there.
        differences = tf.nn.conv2d(pad_edges(picture, 1), kernel, 1, "VALID")
        (kernel_1, bias_1), (kernel_2, bias_2) = self.first, self.second
        x = tf.cast(features, tf.float32)
        x = tf.nn.bias_add(convolution.convolve(x, kernel_1), bias_1)
        x = convolution.convolve(convolution.leaky_relu(x), kernel_2)
        x = tf.nn.bias_add(x, bias_2)
        contrast = tf.nn.depth_to_space(x, 2)
        distance = tf.nn.depthwise_conv2d(
            tf.square(differences), tf.square(self.mean_root), (1, 1, 1, 1), "SAME"
        )
        distance = convolution.pointwise(distance, tf.square(self.colour_root)[None, None])
        scale = tf.gather(tf.exp(self.log_scale), quality - 1)[:, None, None]
        strength = tf.gather(self.strength, quality - 1)[:, None, None]
        weight = strength * _fall(distance * tf.square(contrast) * (scale / SHARPNESS))
        flow = differences * convolution.pointwise(weight, tf.constant(spread_kernel(self.colours)))
        return picture - convolution.convolve_transposed(flow, kernel)

    def get_config(self) -> dict[str, Any]:
        settings = {"lambdas": self.lambdas, "colours": self.colours, "hidden": self.hidden}
        return {**super().get_config(), **settings}


@tf.custom_gradient
def _fall(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    """(1 + x)^-SHARPNESS, without logarithms."""
    nearness = 1.0 / (1.0 + x)
    y = nearness
    for _ in range(int(np.log2(SHARPNESS))):
        y = tf.square(y)
    return y, lambda upstream: upstream * (-float(SHARPNESS) * y * nearness)
