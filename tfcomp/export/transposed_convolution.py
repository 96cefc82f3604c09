"""A transposed convolution as the ordinary convolutions that it equals.

Each input position gives two output pixels a side: four phases, each with its own part of the
kernel's taps (sub-pixel convolution, Shi et al. 2016, arXiv:1609.05158).

    in phases   pad -> 4 convolutions of 2 or 3 taps a side -> concat -> depth_to_space
    packed      1 convolution, every phase's taps among zeros -> depth_to_space

A 5x5 kernel has 25 taps; in phases they cost 25 multiply-adds an input and output channel, packed
36, but one convolution of many output channels runs better than four of very few. Where the kernel
is a whole number of strides wide nothing is wasted: one convolution makes whole blocks of pixels,
which lie between the input's positions.

    in blocks   pad -> 1 convolution -> depth_to_space -> crop
"""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Optional, Sequence

import numpy as np
import tensorflow as tf

# LiteRT on one core, 768x512, 5x5 kernels: 320 -> 128 channels 40 ms in phases, packed 55;
# 128 -> 64 34 and 59; 64 -> 32 38 and 85; 32 -> 3 28 and 14.
FEWEST_CHANNELS_IN_PHASES = 8


class Phase(NamedTuple):
    """One of the four phases: which part of the padded input it convolves, and with what.

    Attributes:
      top: the row where the part starts.
      bottom: the row where it ends, as a negative index or None.
      left: the column where it starts.
      right: the column where it ends, likewise.
      padding: how many zeros surround the input.
      kernel: float32 [a, b, C_in, C_out].
    """

    top: int
    bottom: Optional[int]
    left: int
    right: Optional[int]
    padding: int
    kernel: np.ndarray


def _taps(size: int) -> list[Any]:
    """For each phase r a side: the input offsets d, rising, and the taps they meet.

    Output row 2i + r takes tap t = r + before - 2d of input row i + d, where `before` is the
    padding that SAME puts before an even side.
    """
    before = (size - 2) // 2
    taps = []
    for r in (0, 1):
        offsets = [d for d in range(-size, size + 1) if 0 <= r + before - 2 * d < size]
        taps.append((offsets, [r + before - 2 * d for d in offsets]))
    return taps


def split(kernel: np.ndarray) -> list[Any]:
    """The phases of a kernel as conv2d_transpose takes it, for stride 2 and SAME padding.

    Args:
      kernel: float32 [k, k, C_out, C_in].

    Returns:
      list of four `Phase`, in depth_to_space's order.
    """
    taps = _taps(kernel.shape[0])
    padding = max(abs(d) for offsets, _ in taps for d in offsets)
    phases = []
    for rows, row_taps in taps:
        for columns, column_taps in taps:
            part = kernel[row_taps][:, column_taps].transpose(0, 1, 3, 2)
            phases.append(
                Phase(
                    padding + rows[0],
                    rows[-1] - padding or None,
                    padding + columns[0],
                    columns[-1] - padding or None,
                    padding,
                    part,
                )
            )
    return phases


def upsample(y: tf.Tensor, phases: Sequence[Any]) -> tf.Tensor:
    """Runs `split` phases of stride 2: [1, h, w, C_in] -> [1, 2h, 2w, C_out]."""
    padding, channels = phases[0].padding, phases[0].kernel.shape[2]
    height, width = tf.shape(y)[1], tf.shape(y)[2]
    around = [padding, padding]
    padded = tf.pad(y, [[0, 0], around, around, [0, 0]])
    # TFLite's shape inference loses the channels of a dynamic pad.
    padded = tf.reshape(padded, [1, height + 2 * padding, width + 2 * padding, channels])
    parts = [
        tf.nn.conv2d(
            padded[:, phase.top : phase.bottom, phase.left : phase.right], phase.kernel, 1, "VALID"
        )
        for phase in phases
    ]
    return tf.nn.depth_to_space(tf.concat(parts, -1), 2)


def block_kernel(kernel: np.ndarray, stride: int) -> np.ndarray:
    """Repacks a kernel for `upsample_in_blocks`.

    Args:
      kernel: float32 [k, k, C_out, C_in], as conv2d_transpose takes it.
      stride: of the transposed convolution with SAME padding; even.

    Returns:
      float32 [n, n, C_in, stride * stride * C_out], n * stride the next whole number of strides
      from k on.
    """
    size = kernel.shape[0]
    count = -(-size // stride)
    before = (count - 1) * stride // 2 - (size - stride) // 2
    around = (before, count * stride - size - before)
    kernel = np.pad(kernel, (around, around, (0, 0), (0, 0)))
    # An output block takes its first input through the kernel's last taps.
    taps = kernel.reshape(count, stride, count, stride, *kernel.shape[2:])[::-1, :, ::-1]
    packed = taps.transpose(0, 2, 5, 1, 3, 4)
    return packed.reshape(count, count, kernel.shape[3], -1)


def upsample_in_blocks(
    y: tf.Tensor, convolve: Callable[[tf.Tensor], tf.Tensor], count: int, stride: int
) -> tf.Tensor:
    """A transposed convolution by a `block_kernel`.

    Args:
      y: float32 [1, h, w, C_in].
      convolve: the convolution with the repacked kernel, "VALID".
      count: n, the side of the repacked kernel.
      stride: of the transposed convolution.

    Returns:
      float32 [1, h * stride, w * stride, C_out].
    """
    if count == 1:
        return tf.nn.depth_to_space(convolve(y), stride)
    height, width, channels = tf.shape(y)[1], tf.shape(y)[2], y.shape[3]
    around = [count - 1, count - 1]
    padded = tf.pad(y, [[0, 0], around, around, [0, 0]])
    # TFLite's shape inference loses the channels of a dynamic pad.
    padded = tf.reshape(padded, [1, height + 2 * around[0], width + 2 * around[0], channels])
    pixels = tf.nn.depth_to_space(convolve(padded), stride)
    surplus = (count - 1) * stride // 2
    return pixels[:, surplus:-surplus, surplus:-surplus]


def subpixel_kernel(kernel: np.ndarray) -> np.ndarray:
    """Repacks a kernel of a transposed convolution of stride 2 and SAME padding.

    conv2d_transpose(y, kernel, strides=2) == depth_to_space(conv2d(y, repacked), 2)

    Output row 2i + r takes tap t = r + before - 2d of input row i + d, where `before` is the
    padding that SAME puts before an even side.

    Args:
      kernel: float32 [k, k, C_out, C_in], as conv2d_transpose takes it.

    Returns:
      float32 [m, m, C_in, 4 * C_out], m odd.
    """
    size, _, outputs, inputs = kernel.shape
    before = (size - 2) // 2
    taps = [
        (d, r, r + before - 2 * d)
        for r in (0, 1)
        for d in range(-size, size + 1)
        if 0 <= r + before - 2 * d < size
    ]
    reach = max(abs(d) for d, _, _ in taps)
    repacked = np.zeros((2 * reach + 1, 2 * reach + 1, inputs, 2, 2, outputs), np.float32)
    for dy, ry, ty in taps:
        for dx, rx, tx in taps:
            repacked[dy + reach, dx + reach, :, ry, rx] = kernel[ty, tx].T
    return repacked.reshape(2 * reach + 1, 2 * reach + 1, inputs, 4 * outputs)
