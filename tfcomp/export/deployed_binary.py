"""The binary codec's transforms as a plain module of stock operations.

    encode   uint8 image -> convolutions, GDN, residual branches -> f > 0 -> int32 bits
    decode   int32 bits -> -1 and 1, 0 where not sent -> convolutions ... -> uint8 image
"""

from __future__ import annotations

import tensorflow as tf

from tfcomp.export.deployed import DeployedLayers


class DeployedBinary(tf.Module):
    """The two transforms of a trained `BinaryModel`, weights frozen as constants.

    Args:
      model: the trained model.
      half: round the weights to what float16 holds.

    Attributes:
      encode: tf.function, (image uint8 [1, H, W, 3], quality int32 [1]) -> {"latents": int32
        [1, H/stride, W/stride, C]}, bits, and 0 in the channels that the quality does not send.
      decode: tf.function, (latents int32 [1, h, w, C], quality int32 [1]) -> {"image": uint8
        [1, h*stride, w*stride, 3]}.
    """

    def __init__(self, model, half=False):
        super().__init__(name="deployed_binary")
        build = DeployedLayers(half)
        analysis = [build.analysis(layer) for layer in model.stages]
        synthesis = [build.synthesis(layer) for layer in reversed(model.stages)]
        channels = model.prior.channels
        # Looked up, not compared: TFLite's comparisons of broadcast shapes are slow.
        masks = tf.constant(
            [[c < count for c in range(channels)] for count in model.prior.sent], tf.float32
        )

        def encode(image, quality):
            x = tf.cast(image, tf.float32) * (1.0 / 255.0) - 0.5
            for layer in analysis:
                x = layer(x)
            bits = tf.cast(x > 0.0, tf.float32) * tf.gather(masks, quality - 1)
            return {"latents": tf.cast(bits, tf.int32)}

        def decode(latents, quality):
            y = (2.0 * tf.cast(latents, tf.float32) - 1.0) * tf.gather(masks, quality - 1)
            for layer in synthesis:
                y = layer(y)
            pixels = tf.clip_by_value((y + 0.5) * 255.0, 0.0, 255.0)
            return {"image": tf.cast(tf.round(pixels), tf.uint8)}

        quality = tf.TensorSpec([1], tf.int32, name="quality")
        self.encode = tf.function(
            encode, [tf.TensorSpec([1, None, None, 3], tf.uint8, name="image"), quality]
        )
        self.decode = tf.function(
            decode, [tf.TensorSpec([1, None, None, channels], tf.int32, name="latents"), quality]
        )
