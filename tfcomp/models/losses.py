"""The terms of the training loss, each a function with its paper.

    loss = rate + lambda * distortion + w1 * cycle_consistency + w2 * sparsity + w3 * feedback

Shapes: images float32 [B, H, W, channels] in 0..1, latents float32 [B, h, w, C]; every term returns
float32 [B], one value an image, so that each image can carry its own quality's lambda.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tfcomp.bitstream.rate_distortion_quantizer import BITS_OF_A_SQUARED_STEP


def rate(bits: tf.Tensor, pixels: int | tf.Tensor) -> tf.Tensor:
    """Bits per pixel: the estimated file size over the image's area.

    Balle, Laparra, Simoncelli 2017, "End-to-end optimized image compression" (arXiv:1611.01704).

    Args:
      bits: float32 [B], bits an image.
      pixels: number of pixels of one image.
    """
    return bits / tf.cast(pixels, bits.dtype)


def squared_error(images: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
    """Mean squared error, over all pixels and channels of each image.

    On the 0..255 scale, whatever the samples: their whole range counts as 255.
    """
    return tf.reduce_mean(tf.math.squared_difference(images, reconstructions), (1, 2, 3)) * 255.0**2


def psnr(mse: tf.Tensor) -> tf.Tensor:
    """dB, float32 [B], of squared errors on the 0..255 scale, float32 [B]; 78 dB at most."""
    return 10.0 * tf.math.log(255.0**2 / tf.maximum(mse, 1e-3)) / np.log(10.0)


def ms_ssim_distortion(images: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
    """1 - MS-SSIM (Wang, Simoncelli, Bovik 2003, "Multiscale structural similarity").

    The five scales need 161 pixels a side with the standard 11x11 window; smaller images take
    fewer scales, with the same relative weights.
    """
    weights = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
    side = min(images.shape[1] or 161, images.shape[2] or 161)
    scales = max(1, sum(1 for k in range(5) if side >= 10 * 2**k + 1))
    total = sum(weights[:scales])
    similarity = tf.image.ssim_multiscale(
        images, reconstructions, 1.0, [w / total for w in weights[:scales]]
    )
    return 1.0 - similarity


def cycle_consistency(latents: tf.Tensor, latents_again: tf.Tensor) -> tf.Tensor:
    """MSE(E(I), E(D(E(I)))): encoding a decoded picture must give the same latents.

    The cycle loss of Zhu et al. 2017, "Unpaired image-to-image translation using
    cycle-consistent adversarial networks" (arXiv:1703.10593), taken between an encoder and its
    own mirror image. The mean runs over latent elements.
    """
    return tf.reduce_mean(tf.math.squared_difference(latents, latents_again), (1, 2, 3))


def feedback(latents: tf.Tensor, target: tf.Tensor, pixels: int) -> tf.Tensor:
    """The loss of latents that differ from those that iterative encoding finds, in bits/pixel.

    It trains an encoder to need no iterative encoding (docs/effort.md): the gradient through a
    whole decoder is noisier.

    Args:
      latents: float32 [B, h, w, C], in quantisation steps.
      target: float32 [B, h, w, C], those of iterative encoding.
      pixels: number of pixels of one image.
    """
    error = tf.reduce_sum(tf.math.squared_difference(latents, target), (1, 2, 3))
    return BITS_OF_A_SQUARED_STEP * error / float(pixels)


def sparsity(latents: tf.Tensor, alpha: float) -> tf.Tensor:
    """Compressibility loss |x|_1 / |x|_2 + alpha |x|_2^2 / |x|_1.

    Aytekin, Cricri, Aksu 2019, "Compressibility loss for neural network weights"
    (arXiv:1905.10371), applied to the latents of one image as a vector x. The first term is
    smallest for few large values, the second keeps them from growing.
    """
    x = tf.reshape(latents, [tf.shape(latents)[0], -1])
    l1 = tf.reduce_sum(tf.abs(x), axis=1) + 1e-9
    squared_l2 = tf.reduce_sum(tf.square(x), axis=1) + 1e-18
    return l1 / tf.sqrt(squared_l2) + alpha * squared_l2 / l1
