"""A deployed codec of any family: two functions between images and latents.

    encode   image -> - 1/2 .. 1/2 -> the family's analysis -> latents
    decode   latents -> the family's synthesis -> - 1/2 .. 1/2 -> image

Images are uint8 where samples have 8 bits, and else float32, which every runtime has and which
holds whole samples of 16 bits exactly.
"""

from __future__ import annotations

from typing import Callable

import numpy as np
import tensorflow as tf

from tfcomp.entropy.quality_levels import at_level, level_of
from tfcomp.export.deployed_layers import DeployedLayers
from tfcomp.image_spec import RGB8, ImageSpec

# Far above any symbol a picture gives (a few hundred); keeps a broken image from overflowing.
MAXIMUM_SYMBOL = 2.0**20


class DeployedTransforms(tf.Module):
    """The two transforms of a trained model, weights frozen as constants; families subclass it.

    Args:
      name: of the module.
      channels: C, of the latents.
      analyse: (image float32 [1, H, W, channels] in -1/2..1/2, quality int32 [1]) -> latents
        [1, H/stride, W/stride, C].
      synthesise: (latents int32 [1, h, w, C], quality int32 [1]) -> image float32
        [1, h*stride, w*stride, channels], about -1/2..1/2.
      quality_steps: qualities from one level to the next.
      spec: of the images.

    Attributes:
      encode: tf.function, (image [1, H, W, channels], quality int32 [1]) -> {"latents": as
        `analyse` gives them}; H and W multiples of the stride.
      decode: tf.function, (latents int32 [1, h, w, C], quality int32 [1]) -> {"image":
        [1, h*stride, w*stride, channels]}.
    """

    def __init__(
        self,
        name: str,
        channels: int,
        analyse: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
        synthesise: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
        quality_steps: int = 1,
        spec: ImageSpec = RGB8,
    ) -> None:
        super().__init__(name=name)
        dtype = tf.as_dtype(spec.network_dtype)

        def encode(image: tf.Tensor, quality: tf.Tensor) -> dict[str, tf.Tensor]:
            x = tf.cast(image, tf.float32)
            x = (x - spec.low if spec.low else x) * (1.0 / spec.peak) - 0.5
            return {"latents": analyse(x, level_of(quality, quality_steps))}

        def decode(latents: tf.Tensor, quality: tf.Tensor) -> dict[str, tf.Tensor]:
            y = synthesise(latents, level_of(quality, quality_steps))
            samples = (y + 0.5) * spec.peak
            samples = samples + spec.low if spec.low else samples
            samples = tf.clip_by_value(samples, spec.low, spec.high)
            return {"image": tf.cast(tf.round(samples) if spec.is_whole else samples, dtype)}

        quality = tf.TensorSpec([1], tf.int32, name="quality")
        self.encode = tf.function(
            encode, [tf.TensorSpec([1, None, None, spec.channels], dtype, name="image"), quality]
        )
        self.decode = tf.function(
            decode, [tf.TensorSpec([1, None, None, channels], tf.int32, name="latents"), quality]
        )


def of_gains(
    build: DeployedLayers, gains: np.ndarray, quality_steps: int
) -> Callable[[tf.Tensor], tf.Tensor]:
    """A table of gains, float32 [Q, C], as a function of a quality; geometric between levels."""
    if quality_steps == 1:
        table = build.constant(gains)
        return lambda quality: tf.gather(table, quality - 1)
    # Logarithms in float32 whatever the rest: float16's would be too coarse.
    logarithms = tf.constant(np.log(gains), tf.float32)
    return lambda quality: tf.exp(at_level(logarithms, quality))


def symbols(latents: tf.Tensor) -> tf.Tensor:
    """Rounds float32 latents, in quantisation steps, to the int32 symbols of a file."""
    rounded = tf.clip_by_value(tf.round(latents), -MAXIMUM_SYMBOL, MAXIMUM_SYMBOL)
    return tf.cast(rounded, tf.int32)
