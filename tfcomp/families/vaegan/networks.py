"""The three networks of vaegan, small and fully convolutional.

    Encoder        [conv /2 -> leaky ReLU -> residual] x levels -> fold -> conv   (+ linear blocks)
    Decoder        conv -> unfold -> [residual -> convT x2 -> leaky ReLU] x levels (+ linear blocks)
    Discriminator  [conv /2 -> leaky ReLU] x levels -> conv -> one logit a position

Folding packs a grid of positions into one vector (space to depth). The 1x1 convolution after it is
then a dense layer, so that a whole picture can become one latent vector.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow import keras

from tfcomp.families.vaegan.config import VaeganModelConfig

_LEAK = 0.2


def activate(x: tf.Tensor) -> tf.Tensor:
    """The activation of all three networks."""
    return tf.nn.leaky_relu(x, _LEAK)


class ResidualBlock(keras.layers.Layer):
    """x + conv(activate(conv(x))), float32 [B, h, w, C] -> the same shape.

    The second kernel starts at 0 (as ReZero, arXiv:2003.04887).
    """

    def __init__(self, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = _convolution(width, 3, name="first")
        self.second = _convolution(width, 3, kernel_initializer="zeros", name="second")

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return x + self.second(activate(self.first(x)))


class Encoder(keras.layers.Layer):
    """images - 0.5, float32 [B, H, W, 3] -> means of the latents [B, H/stride, W/stride, C].

    Args:
      settings: a `VaeganModelConfig`.
    """

    def __init__(self, settings: VaeganModelConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fold = settings.fold
        self.levels = []
        for level, (width, blocks) in enumerate(zip(settings.widths, settings.residual_blocks)):
            down = _convolution(width, settings.kernel_size, 2, name=f"down_{level}")
            self.levels.append((down, [ResidualBlock(width) for _ in range(blocks)]))
        self.layers = [layer for down, blocks in self.levels for layer in (down, *blocks)]
        start = "zeros" if settings.linear_skip else "he_normal"
        self.head = _convolution(
            settings.num_channels, _head_size(settings), kernel_initializer=start, name="head"
        )
        self.skip = None
        if settings.linear_skip:
            self.skip = _convolution(
                settings.num_channels, settings.stride, settings.stride, name="skip"
            )

    def call(self, images: tf.Tensor) -> tf.Tensor:
        x = images
        for down, blocks in self.levels:
            x = activate(down(x))
            for block in blocks:
                x = block(x)
        if self.fold > 1:
            x = tf.nn.space_to_depth(x, self.fold)
        latents = self.head(x)
        return latents if self.skip is None else latents + self.skip(images)


class Decoder(keras.layers.Layer):
    """latents [B, h, w, C] -> images - 0.5, float32 [B, h * stride, w * stride, 3], not clipped.

    Args:
      settings: a `VaeganModelConfig`.
    """

    def __init__(self, settings: VaeganModelConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fold, self.stride = settings.fold, settings.stride
        widths = settings.widths
        self.head = _convolution(widths[-1] * self.fold**2, _head_size(settings), name="head")
        self.levels = []
        for level in reversed(range(len(widths))):
            blocks = [ResidualBlock(widths[level]) for _ in range(settings.residual_blocks[level])]
            up = keras.layers.Conv2DTranspose(
                widths[level - 1] if level else 3,
                settings.kernel_size,
                2,
                "same",
                # Each output pixel sees a quarter of the taps. Keras's fan_out is the fan-in of a
                # transposed kernel.
                kernel_initializer=keras.initializers.VarianceScaling(
                    8.0 if level else 0.1, "fan_out", "truncated_normal"
                ),
                name=f"up_{level}",
            )
            self.levels.append((blocks, up))
        self.layers = [layer for blocks, up in self.levels for layer in (*blocks, up)]
        self.skip = None
        if settings.linear_skip:
            self.skip = _convolution(3 * self.stride**2, 1, name="skip")

    def call(self, latents: tf.Tensor) -> tf.Tensor:
        x = self.head(latents)
        if self.fold > 1:
            x = tf.nn.depth_to_space(x, self.fold)
        x = activate(x)
        for number, (blocks, up) in enumerate(self.levels):
            for block in blocks:
                x = block(x)
            x = up(x)
            if number < len(self.levels) - 1:
                x = activate(x)
        return x if self.skip is None else x + tf.nn.depth_to_space(self.skip(latents), self.stride)


class Discriminator(keras.layers.Layer):
    """Tells pictures from reconstructions, patch by patch.

    images - 0.5, float32 [B, H, W, 3] -> (tuple of feature maps, one a level; logits
    [B, h, w, 1], positive for "a picture").

    Args:
      settings: a `VaeganModelConfig`.
    """

    def __init__(self, settings: VaeganModelConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.levels = [
            _convolution(width, 4, 2, name=f"down_{level}")
            for level, width in enumerate(settings.discriminator_widths)
        ]
        self.head = _convolution(1, 3, kernel_initializer="glorot_normal", name="head")

    def call(self, images: tf.Tensor) -> tuple[tuple[tf.Tensor, ...], tf.Tensor]:
        features, x = [], images
        for down in self.levels:
            x = activate(down(x))
            features.append(x)
        return tuple(features), self.head(x)


def _convolution(
    width: int,
    size: int,
    strides: int = 1,
    kernel_initializer: Any = "he_normal",
    name: str | None = None,
) -> keras.layers.Conv2D:
    return keras.layers.Conv2D(
        width, size, strides, "same", kernel_initializer=kernel_initializer, name=name
    )


def _head_size(settings: VaeganModelConfig) -> int:
    return 1 if settings.fold > 1 else 3
