"""The binary codec's transforms as a plain module of stock operations.

    encode   uint8 image -> convolutions, GDN, residual branches -> f > 0 -> int32 bits
    decode   int32 bits -> -1 and 1, 0 where not sent -> convolutions ... -> uint8 image
"""

from __future__ import annotations

import tensorflow as tf

from tfcomp.export.deployed_layers import DeployedLayers
from tfcomp.export.deployed_transforms import DeployedTransforms
from tfcomp.export.layer_forms import form_of
from tfcomp.families.binary.model import BinaryModel


class DeployedBinary(DeployedTransforms):
    """The two transforms of a trained `BinaryModel`.

    Args:
      model: the trained model.
      half: round the weights to what float16 holds.

    Attributes:
      encode, decode: see `DeployedTransforms`. Latents are int32 bits; `encode` gives 0 in the
        channels that the quality does not send.
    """

    def __init__(self, model: BinaryModel, half: bool = False) -> None:
        build = DeployedLayers(half)
        analysis = [form_of(layer).analysis(build, layer) for layer in model.stages]
        synthesis = [form_of(layer).synthesis(build, layer) for layer in reversed(model.stages)]
        channels = model.prior.channels
        # Looked up, not compared: TFLite's comparisons of broadcast shapes are slow.
        masks = tf.constant(
            [[c < count for c in range(channels)] for count in model.prior.sent], tf.float32
        )

        def analyse(x: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
            for layer in analysis:
                x = layer(x, quality)
            bits = tf.cast(x > 0.0, tf.float32) * tf.gather(masks, quality - 1)
            return tf.cast(bits, tf.int32)

        def synthesise(latents: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
            y = (2.0 * tf.cast(latents, tf.float32) - 1.0) * tf.gather(masks, quality - 1)
            for layer in synthesis:
                y = layer(y, quality)
            return y

        super().__init__("deployed_binary", channels, analyse, synthesise)
