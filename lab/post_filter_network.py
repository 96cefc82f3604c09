"""A small network that repairs a decoded picture, without knowing at which quality it was coded.

    picture --2x2 blocks--> conv 32 -> conv 32 -> conv 32 -> conv 12 --pixels--> + picture
            [H/2, W/2, 12]      (3x3, ReLU between)          [H, W, 3]

Residual, as ARCNN's successors are (Zhang et al. 2017, arXiv:1608.03981): what it learns is the
error, and it starts as the identity. At half the resolution 32 channels cost what 16 would at full
resolution and see twice as far, which blocks of 8x8 pixels want.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from tensorflow import keras

BLOCK = 2


@keras.utils.register_keras_serializable(package="tfcomp")
class PostFilter(keras.Model):
    """float32 [B, H, W, 3] in 0..1 -> the same, repaired; H and W even.

    Args:
      channels: of the layers within.
      layers: convolutions in all, the last included.
    """

    def __init__(self, channels=32, layers=4, **kwargs):
        super().__init__(**kwargs)
        self.channels, self.depth = int(channels), int(layers)
        self.convolutions = [
            keras.layers.Conv2D(
                self.channels, 3, padding="same", activation="relu", kernel_initializer="he_normal"
            )
            for _ in range(self.depth - 1)
        ]
        self.last = keras.layers.Conv2D(
            3 * BLOCK * BLOCK, 3, padding="same", kernel_initializer="zeros"
        )

    def call(self, pictures, training=False):
        x = tf.nn.space_to_depth(pictures - 0.5, BLOCK)
        for convolution in self.convolutions:
            x = convolution(x)
        return pictures + tf.nn.depth_to_space(self.last(x), BLOCK)

    def get_config(self):
        return {**super().get_config(), "channels": self.channels, "layers": self.depth}


class DeployedPostFilter(tf.Module):
    """The trained network from pixels to pixels, to be converted to TFLite."""

    def __init__(self, network):
        super().__init__()
        # Constants: variables of Keras 3 do not reach the file with their values.
        self._layers = [
            (tf.constant(np.asarray(layer.kernel)), tf.constant(np.asarray(layer.bias)))
            for layer in (*network.convolutions, network.last)
        ]

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8, name="image")])
    def enhance(self, image):
        """uint8 [1, H, W, 3] -> uint8 of the same shape; H and W even."""
        pictures = tf.cast(image, tf.float32) / 255
        x = tf.nn.space_to_depth(pictures - 0.5, BLOCK)
        for number, (kernel, bias) in enumerate(self._layers):
            x = tf.nn.relu(x) if number else x
            x = tf.nn.conv2d(x, kernel, 1, "SAME") + bias
        repaired = pictures + tf.nn.depth_to_space(x, BLOCK)
        pixels = tf.cast(tf.round(tf.clip_by_value(repaired, 0, 1) * 255), tf.uint8)
        return {"image": tf.reshape(pixels, tf.shape(image))}
