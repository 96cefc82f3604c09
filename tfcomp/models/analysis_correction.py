"""A correction of the encoder's latents, beyond the decoder's mirror image.

    features of the last level but one --[residual]--conv 3x3 /2 --* scale_q--> + --> latents
                    |                                                           |
                    +--------------- the mirrored last level ------------------+

A transposed convolution is the adjoint of its convolution, not the inverse, and GDN's mirror image
is only nearly GDN's inverse, so the best latents of a picture are not those of the mirror image.
An encoder may be larger than its decoder at no cost to decoding (Yang, Mandt 2023,
arXiv:2304.06244). The branch starts at zero and is added to the latents.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow import keras

from tfcomp.entropy.quality_levels import at_level
from tfcomp.models import convolution
from tfcomp.models.layers import PACKAGE
from tfcomp.models.two_way_layer import TwoWayLayer


@keras.utils.register_keras_serializable(package=PACKAGE)
class AnalysisCorrection(TwoWayLayer):
    """Residual blocks and a strided convolution, of the analysis direction alone.

    Args:
      blocks: how many residual blocks (He et al. 2016, arXiv:1512.03385).
      filters: channels of the latents.
      qualities: quality levels, each with scales of its own.
    """

    settings = ("filters", "qualities")

    def __init__(self, blocks: int, filters: int, qualities: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.block_count = int(blocks)
        self.filters = int(filters)
        self.qualities = int(qualities)

    def build(self, input_shape: tf.TensorShape) -> None:
        channels = int(input_shape[-1])

        def weights(
            name: str, outputs: int, initializer: Any = "he_normal"
        ) -> tuple[tf.Variable, tf.Variable]:
            return (
                self.weight(f"correction_{name}_kernel", (3, 3, channels, outputs), initializer),
                self.weight(f"correction_{name}_bias", (outputs,)),
            )

        self.blocks = []
        for number in range(self.block_count):
            scale = self.weight(f"correction_{number}_scale", (channels,))
            first, second = (weights(f"{number}_{part}", channels) for part in ("a", "b"))
            self.blocks.append((first, second, scale))
        self.last = weights("last", self.filters, "glorot_normal")
        shape = (self.qualities, self.filters)
        self.quality_scale = self.weight("correction_quality_scale", shape)
        super().build(input_shape)

    def analysis(self, x: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """[B, h, w, C], int32 [B] -> [B, h/2, w/2, filters], to be added to latents."""
        for first, (kernel, bias), scale in self.blocks:
            branch = convolution.leaky_relu(_convolve(x, *first))
            x += convolution.scaled(branch, kernel, scale, bias * scale)
        scale = tf.cast(at_level(self.quality_scale, quality), x.dtype)
        return _convolve(x, *self.last, strides=2) * scale[:, None, None, :]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "blocks": self.block_count}


def _convolve(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, strides: int = 1) -> tf.Tensor:
    y = convolution.convolve(x, tf.cast(kernel, x.dtype), strides)
    return tf.nn.bias_add(y, tf.cast(bias, x.dtype))
