"""The binary codec's transforms as a plain module of stock operations.

    encode   uint8 image -> convolutions, GDN, residual branches -> f > 0 -> int32 bits
    decode   int32 bits -> -1 and 1, 0 where not sent -> convolutions ... -> uint8 image
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfcomp.entropy_kinds.hyperprior.layout import MEAN_UNITS
from tfcomp.export.deployed_layers import DeployedLayers
from tfcomp.export.deployed_transforms import DeployedTransforms
from tfcomp.export.layer_forms import form_of
from tfcomp.families.binary.model import BinaryModel
from tfcomp.families.binary.rated_code import RatedCode


class _Sent:
    """Bits as int32, of which a quality sends the first channels."""

    def __init__(self, prior: Any) -> None:
        # Looked up, not compared: TFLite's comparisons of broadcast shapes are slow.
        self._masks = tf.constant(
            [[c < count for c in range(prior.channels)] for count in prior.sent], tf.float32
        )

    def latents(self, features: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        bits = tf.cast(features > 0.0, tf.float32) * tf.gather(self._masks, quality - 1)
        return tf.cast(bits, tf.int32)

    def values(self, latents: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        return (2.0 * latents - 1.0) * tf.gather(self._masks, quality - 1)


class _Rated:
    """Sigmoids in float32, which the coder rounds; decoded bits come in a hyperprior's units."""

    def __init__(self, build: DeployedLayers, rated: RatedCode) -> None:
        tables = (rated.scale, rated.offset, rated.weight)
        self._scale, self._offset, self._weight = (build.constant(each.numpy()) for each in tables)

    def latents(self, features: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        scale, offset = (tf.gather(each, quality - 1) for each in (self._scale, self._offset))
        return tf.sigmoid(features * scale + offset)

    def values(self, latents: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        return (2.0 / MEAN_UNITS * latents - 1.0) * tf.gather(self._weight, quality - 1)


class DeployedBinary(DeployedTransforms):
    """The two transforms of a trained `BinaryModel`.

    Args:
      model: the trained model.
      half: round the weights to what float16 holds.

    Attributes:
      encode, decode: see `DeployedTransforms`. Latents are int32 bits; `encode` gives 0 in the
        channels that the quality does not send. With a hyperprior `encode` gives float32 sigmoids,
        and `decode` takes bits in eighths.
    """

    def __init__(self, model: BinaryModel, half: bool = False) -> None:
        build = DeployedLayers(half)
        analysis = [form_of(layer).analysis(build, layer) for layer in model.stages]
        synthesis = [form_of(layer).synthesis(build, layer) for layer in reversed(model.stages)]
        channels = model.prior.channels
        code = _Rated(build, model.rated) if model.rated is not None else _Sent(model.prior)

        def analyse(x: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
            for layer in analysis:
                x = layer(x, quality)
            return code.latents(x, quality)

        def synthesise(latents: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
            y = code.values(tf.cast(latents, tf.float32), quality)
            for layer in synthesis:
                y = layer(y, quality)
            return y

        super().__init__("deployed_binary", channels, analyse, synthesise)
