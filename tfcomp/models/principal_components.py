"""Starts a tied transform as an orthonormal one: principal components, level by level.

Random kernels are a poor start for a transform whose mirror image must be its inverse. Here each
strided level starts with the principal components of its input's blocks, which are as wide as its
stride. They are an orthonormal map, which its transpose inverts, decorrelate colours and
frequencies (the Karhunen-Loeve transform, which the discrete cosine transform approximates) and
order channels by energy. Where a kernel is wider than its stride, of four or more, the blocks
overlap as in a lapped transform, so that their borders do not show. GDN and residual branches start
near the identity, so the whole network starts as a transform coder, which training makes nonlinear.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tfcomp.models.base import CodecModel

_SPARE_CHANNEL_NORM = 0.01
_CORRELATION = 0.95


def _block_basis(blocks: np.ndarray, channels: int, rng: np.random.Generator) -> np.ndarray:
    """Principal components of blocks.

    Args:
      blocks: float64 [N, side, side, C_in].
      channels: how many to keep; where the blocks have fewer, the spare ones get small random
        directions.
      rng: for these directions.

    Returns:
      float64 [side, side, C_in, channels], the components in decreasing order of energy.
    """
    shape = blocks.shape[1:]
    blocks = blocks.reshape(len(blocks), -1)
    covariance = blocks.T @ blocks / len(blocks)
    _, vectors = np.linalg.eigh(covariance)
    kept = vectors[:, ::-1][:, :channels]
    spare = channels - kept.shape[1]
    if spare > 0:
        random = rng.normal(size=(len(vectors), spare))
        random *= _SPARE_CHANNEL_NORM / np.linalg.norm(random, axis=0, keepdims=True)
        kept = np.concatenate([kept, random], axis=1)
    return kept.reshape(*shape, channels)


def strided_kernel(
    x: tf.Tensor, size: int, stride: int, channels: int, rng: np.random.Generator
) -> np.ndarray:
    """An orthonormal start for a strided convolution: lapped where its windows overlap.

    Args:
      x: float32 [B, H, W, C_in], the level's input.
      size: side of the kernel.
      stride: of the convolution; SAME padding.
      channels: C_out.
      rng: for spare channels.

    Returns:
      float32 [size, size, C_in, C_out].
    """
    window = lapped_window(stride, min((size - stride) // 2, stride // 2))
    side = window.shape[1]
    patches = tf.image.extract_patches(
        x, [1, side, side, 1], [1, stride, stride, 1], [1, 1, 1, 1], "VALID"
    )
    patches = patches.numpy().astype(np.float64).reshape(-1, side, side, x.shape[-1])
    blocks = np.einsum("ia,jb,nabc->nijc", window, window, patches, optimize=True)
    basis = _block_basis(blocks, channels, rng)
    inner = np.einsum("ia,jb,ijcf->abcf", window, window, basis, optimize=True)
    kernel = np.zeros((size, size, *inner.shape[2:]), np.float32)
    # SAME padding puts the output's own block at this tap.
    start = (size - stride) // 2 - (side - stride) // 2
    kernel[start : start + side, start : start + side] = inner
    return kernel


def lapped_window(stride: int, overlap: int) -> np.ndarray:
    """The filter of a lapped orthogonal transform before its block transform, in one dimension.

    At every border between blocks, butterflies and a rotation of differences mix 2 * overlap
    samples, which leaves a constant as it is (Malvar 1992, "Signal Processing with Lapped
    Transforms"; as a filter before the blocks: Tran, Liang, Tu 2003, "Lapped transform via
    time-domain pre- and post-filtering"). The angle is the best one for a first-order process of
    correlation 0.95.

    Args:
      stride: samples of a block.
      overlap: samples on either side of a border that are mixed, at most stride / 2, beyond which
        the result is not orthonormal; a single one has no differences to rotate.

    Returns:
      float64 [stride, stride + 2 * overlap]; the rows and their shifts by `stride` are orthonormal.
    """
    if overlap < 2:
        return np.eye(stride)
    side = stride + 2 * overlap
    distances = np.abs(np.subtract.outer(np.arange(side), np.arange(side)))
    covariance = _CORRELATION**distances
    windows = [_turned(stride, overlap, angle) for angle in np.linspace(-np.pi, np.pi, 361)]
    costs = [np.linalg.slogdet(window @ covariance @ window.T)[1] for window in windows]
    return windows[int(np.argmin(costs))]


def _turned(stride: int, overlap: int, angle: float) -> np.ndarray:
    rotation = np.eye(overlap)
    for first in range(overlap - 1):
        turn = np.eye(overlap)
        turn[first : first + 2, first : first + 2] = [
            [np.cos(angle), -np.sin(angle)],
            [np.sin(angle), np.cos(angle)],
        ]
        rotation = turn @ rotation
    identity, swap = np.eye(overlap), np.eye(overlap)[::-1]
    butterflies = np.block([[identity, swap], [swap, -identity]]) / np.sqrt(2.0)
    nothing = np.zeros((overlap, overlap))
    border = butterflies @ np.block([[identity, nothing], [nothing, rotation]]) @ butterflies
    window = np.zeros((stride, stride + 2 * overlap))
    window[:, overlap : overlap + stride] = np.eye(stride)
    window[:overlap, : 2 * overlap] = border[overlap:]
    window[stride - overlap :, stride:] = border[:overlap]
    return window


def initialize(model: CodecModel, images: np.ndarray, seed: int = 0) -> None:
    """Sets the kernels of a `CycleModel`, and the sizes that its prior expects, from images.

    Args:
      model: a built `CycleModel`.
      images: samples [B, H, W, channels] of training crops, H and W multiples of the stride.
      seed: for the spare channels' directions.
    """
    rng = np.random.default_rng(seed)
    x = model.in_units(images) - 0.5
    quality = tf.ones(tf.shape(x)[:1], tf.int32)  # all qualities start alike
    for stage in model.levels:
        down = stage[0]
        kernel = strided_kernel(x, down.kernel_size, down.strides, down.filters, rng)
        down.kernel.assign(kernel)
        if down.synthesis_kernel is not down.kernel:
            down.synthesis_kernel.assign(kernel)
        for layer in stage:
            x = tf.cast(layer.analysis(tf.cast(x, model.transform_dtype), quality), tf.float32)
    model.prior.start(model, x)
