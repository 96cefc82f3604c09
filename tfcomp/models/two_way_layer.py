"""What layers of both directions have in common."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow import keras


class TwoWayLayer(keras.layers.Layer):
    """A layer with an `analysis` and a `synthesis`; called as a Keras layer, it is the former.

    Attributes:
      settings: the names of its constructor's arguments, which it has as attributes.
    """

    settings: tuple[str, ...] = ()

    def analysis(self, x: tf.Tensor, quality: tf.Tensor | None) -> tf.Tensor:
        """[B, H, W, C_in], int32 [B] -> the encoder's direction."""
        raise NotImplementedError

    def weight(self, name: str, shape: tuple[int, ...], initializer: Any = "zeros") -> tf.Variable:
        """A new variable of the layer."""
        return self.add_weight(name=name, shape=shape, initializer=initializer)

    def call(self, x: tf.Tensor, quality: tf.Tensor | None = None) -> tf.Tensor:
        return self.analysis(x, quality)

    def get_config(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in self.settings}
        return {**super().get_config(), **own}
