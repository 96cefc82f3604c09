"""The vaegan codec's encoder and decoder as a plain module of stock operations.

    encode   uint8 image -> Encoder -> * gain_q -> round -> int32
    decode   int32 -> / gain_q -> Decoder -> uint8 image

The discriminator stays behind: nothing that is decoded needs it.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tfcomp.bitstream.hyperprior_sections import MEAN_UNITS
from tfcomp.entropy.hyperprior import Hyperprior
from tfcomp.export.deployed import MAXIMUM_SYMBOL, DeployedLayers
from tfcomp.models.vaegan_networks import activate


class _Networks(DeployedLayers):
    """Turns vaegan's layers into functions of constants."""

    def plain(self, layer):
        """A `Conv2D`."""
        return self.convolution(layer.kernel.numpy(), layer.bias.numpy(), layer.strides)

    def upsampling(self, layer):
        """A `Conv2DTranspose` of stride 2."""
        return self.transposed_convolution(layer.kernel.numpy(), layer.bias.numpy())

    def residual(self, block):
        """A `ResidualBlock`."""
        first, second = self.plain(block.first), self.plain(block.second)
        return lambda x: x + second(activate(first(x)))

    def encoder(self, encoder):
        """An `Encoder`."""
        levels = [
            (self.plain(down), [self.residual(block) for block in blocks])
            for down, blocks in encoder.levels
        ]
        head = self.plain(encoder.head)
        skip = self.plain(encoder.skip) if encoder.skip is not None else None

        def run(image):
            x = image
            for down, blocks in levels:
                x = activate(down(x))
                for block in blocks:
                    x = block(x)
            if encoder.fold > 1:
                x = tf.nn.space_to_depth(x, encoder.fold)
            return head(x) if skip is None else head(x) + skip(image)

        return run

    def decoder(self, decoder):
        """A `Decoder`."""
        levels = [
            ([self.residual(block) for block in blocks], self.upsampling(up))
            for blocks, up in decoder.levels
        ]
        head = self.plain(decoder.head)
        skip = self.plain(decoder.skip) if decoder.skip is not None else None

        def run(latents):
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


class DeployedVaegan(tf.Module):
    """The two transforms of a trained `VaeganModel`, weights frozen as constants.

    Args:
      model: the trained model.
      half: round the weights to what float16 holds.

    Attributes:
      encode, decode: as `tfcomp.export.deployed.DeployedCodec` has them, of any size: that a model
        takes one size only is the runtime's affair.
    """

    def __init__(self, model, half=False):
        super().__init__(name="deployed_vaegan")
        build = _Networks(half)
        analyse, synthesise = build.encoder(model.encoder), build.decoder(model.decoder)
        hyperprior = isinstance(model.prior, Hyperprior)
        units = MEAN_UNITS if hyperprior else 1
        gain = np.exp(model.log_gain.numpy())
        channels = gain.shape[1]
        step_size = build.constant(model.channel_mask / gain / units)
        gain = build.constant(model.channel_mask * gain)

        def encode(image, quality):
            x = tf.cast(image, tf.float32) * (1.0 / 255.0) - 0.5
            latents = analyse(x) * tf.gather(gain, quality - 1)
            if hyperprior:
                return {"latents": latents}
            symbols = tf.clip_by_value(tf.round(latents), -MAXIMUM_SYMBOL, MAXIMUM_SYMBOL)
            return {"latents": tf.cast(symbols, tf.int32)}

        def decode(latents, quality):
            y = synthesise(tf.cast(latents, tf.float32) * tf.gather(step_size, quality - 1))
            pixels = tf.clip_by_value((y + 0.5) * 255.0, 0.0, 255.0)
            return {"image": tf.cast(tf.round(pixels), tf.uint8)}

        quality = tf.TensorSpec([1], tf.int32, name="quality")
        self.encode = tf.function(
            encode, [tf.TensorSpec([1, None, None, 3], tf.uint8, name="image"), quality]
        )
        self.decode = tf.function(
            decode, [tf.TensorSpec([1, None, None, channels], tf.int32, name="latents"), quality]
        )
