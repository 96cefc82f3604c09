"""The vaegan codec's encoder and decoder as a plain module of stock operations.

    encode   uint8 image -> Encoder -> * gain_q -> round -> int32
    decode   int32 -> / gain_q -> Decoder -> uint8 image

The discriminator is left out: decoding does not need it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from tfcomp.export.deployed_layers import DeployedLayers, Operation
from tfcomp.export.deployed_transforms import DeployedTransforms, symbols
from tfcomp.families.vaegan.model import VaeganModel
from tfcomp.families.vaegan.networks import Decoder, Encoder, activate


class _Networks(DeployedLayers):
    """Turns vaegan's layers into functions of constants."""

    def plain(self, layer: Any) -> Operation:
        """A `Conv2D`."""
        return self.convolution(layer.kernel.numpy(), layer.bias.numpy(), layer.strides)

    def upsampling(self, layer: Any) -> Operation:
        """A `Conv2DTranspose` of stride 2."""
        return self.transposed_convolution(layer.kernel.numpy(), layer.bias.numpy())

    def residual(self, block: Any) -> Operation:
        """A `ResidualBlock`."""
        first, second = self.plain(block.first), self.plain(block.second)
        return lambda x: x + second(activate(first(x)))

    def encoder(self, encoder: Encoder) -> Operation:
        """An `Encoder`."""
        levels = [
            (self.plain(down), [self.residual(block) for block in blocks])
            for down, blocks in encoder.levels
        ]
        head = self.plain(encoder.head)
        skip = self.plain(encoder.skip) if encoder.skip is not None else None

        def run(image: tf.Tensor) -> tf.Tensor:
            x = image
            for down, blocks in levels:
                x = activate(down(x))
                for block in blocks:
                    x = block(x)
            if encoder.fold > 1:
                x = tf.nn.space_to_depth(x, encoder.fold)
            return head(x) if skip is None else head(x) + skip(image)

        return run

    def decoder(self, decoder: Decoder) -> Operation:
        """A `Decoder`."""
        levels = [
            ([self.residual(block) for block in blocks], self.upsampling(up))
            for blocks, up in decoder.levels
        ]
        head = self.plain(decoder.head)
        skip = self.plain(decoder.skip) if decoder.skip is not None else None

        def run(latents: tf.Tensor) -> tf.Tensor:
            x = head(latents)
            if decoder.fold > 1:
                x = tf.nn.depth_to_space(x, decoder.fold)
            x = activate(x)
            for number, (blocks, up) in enumerate(levels):
                for block in blocks:
                    x = block(x)
                x = up(x)
                if number < len(levels) - 1:
                    x = activate(x)
            if skip is None:
                return x
            return x + tf.nn.depth_to_space(skip(latents), decoder.stride)

        return run


class DeployedVaegan(DeployedTransforms):
    """The two transforms of a trained `VaeganModel`.

    Args:
      model: the trained model.
      half: round the weights to what float16 holds.

    Attributes:
      encode, decode: see `DeployedTransforms`. They take any size; the runtime checks that of a
        model of one size.
    """

    def __init__(self, model: VaeganModel, half: bool = False) -> None:
        build = _Networks(half)
        encoder, decoder = build.encoder(model.encoder), build.decoder(model.decoder)
        kind = model.prior.kind
        gain = np.exp(model.log_gain.numpy())
        channels = gain.shape[1]
        step_size = build.constant(model.channel_mask / gain / kind.latent_units)
        gain = build.constant(model.channel_mask * gain)

        def analyse(x: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
            latents = encoder(x) * tf.gather(gain, quality - 1)
            return symbols(latents) if kind.rounds else latents

        def synthesise(latents: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
            return decoder(tf.cast(latents, tf.float32) * tf.gather(step_size, quality - 1))

        super().__init__("deployed_vaegan", channels, analyse, synthesise)
