"""Starts a narrow transform with the strongest channels of a wide, trained one.

A network pruned by whole channels and trained on learns in a fraction of the steps that one from
scratch needs (Li et al. 2017, arXiv:1608.08710). A channel's strength here is the energy that it
hands to the next level on real pictures: mean(x_c^2) * |K_next[:, :, c, :]|^2. With tied kernels
one choice of channels serves both directions. The last level, the latents, stays whole, so that
the entropy model fits as it is. Blocks that only the wide model has are left out; those that only
the narrow one has start as they always do, as the identity.
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import tensorflow as tf

from tfcomp.errors import CodecError
from tfcomp.models.analysis_correction import AnalysisCorrection
from tfcomp.models.base import CodecModel
from tfcomp.models.depthwise_block import DepthwiseBlock
from tfcomp.models.layers import GDN, TiedConv2D, TiedResidualBlock

# Settings in which both models are alike.
_EQUAL = (
    "image",
    "level_kernel_sizes",
    "level_strides",
    "block",
    "block_kernel_size",
    "tied",
    "qualities",
)


def narrow(model: CodecModel, wide: CodecModel, images: np.ndarray) -> None:
    """Gives a model the strongest channels of a wider one.

    Args:
      model: a built `CycleModel`, no level wider than the wide model's, the last of equal width.
      wide: the trained `CycleModel`.
      images: samples [B, H, W, channels], pictures to weigh channels with; H, W multiples of the
        stride.

    Raises:
      CodecError: the model is not a narrower form of the wide one.
    """
    _check(model.model_config, wide.model_config)
    inputs = np.arange(model.image.channels)
    x = model.in_units(images) - 0.5
    quality = tf.range(len(images)) % wide.qualities + 1  # they take turns
    for level, (stage, wide_stage) in enumerate(zip(model.levels, wide.levels)):
        for layer in wide_stage:
            x = layer.analysis(x, quality)
        outputs = np.arange(x.shape[-1])
        if level + 1 < len(model.levels):
            following = wide.levels[level + 1][0].kernel.numpy()
            strength = np.mean(np.square(x), axis=(0, 1, 2)) * np.square(following).sum((0, 1, 3))
            outputs = np.sort(np.argsort(-strength)[: stage[0].filters])
        known = {layer.name: layer for layer in wide_stage}
        for layer in stage:
            if layer.name in known:
                _TAKERS[type(layer)](layer, known[layer.name], inputs, outputs)
        before_last = inputs
        inputs = outputs
    model.log_gain.assign(wide.log_gain)
    if model.correction and wide.correction:
        _take_correction(model.correction, wide.correction, before_last)


def take_blocks(correction: AnalysisCorrection | None, trained: AnalysisCorrection | None) -> None:
    """Copies an encoder's own branch from a trained one, as many blocks as both have.

    Other blocks stay as they were built, and add nothing yet. Nothing happens where either is None
    or their channels differ.
    """
    if correction and trained and correction.last[0].shape == trained.last[0].shape:
        _take_correction(correction, trained, np.arange(correction.last[0].shape[2]))


def _check(settings: Any, wide: Any) -> None:
    if (
        len(settings.widths) != len(wide.widths)
        or any(n > w for n, w in zip(settings.widths, wide.widths))
        or settings.widths[-1] != wide.widths[-1]
        or settings.expansion > wide.expansion
        or any(getattr(settings, name) != getattr(wide, name) for name in _EQUAL)
    ):
        raise CodecError(
            "start_from: this run's transforms are no narrower form of the trained run's: keep "
            "the last of widths, kernel sizes, strides, block, tied and qualities, and widen "
            "nothing"
        )


def _take_convolution(layer: Any, wide: Any, inputs: np.ndarray, outputs: np.ndarray) -> None:
    kernels = [(layer.kernel, wide.kernel)]
    if not layer.tied:
        kernels.append((layer.synthesis_kernel, wide.synthesis_kernel))
    for kernel, wide_kernel in kernels:
        kernel.assign(wide_kernel.numpy()[:, :, inputs][:, :, :, outputs])
    for name, channels in (("analysis", outputs), ("synthesis", inputs)):
        for what in ("bias", "scale"):
            values = getattr(wide, f"{name}_{what}").numpy()
            getattr(layer, f"{name}_{what}").assign(values[channels])


def _take_normalisation(layer: Any, wide: Any, inputs: np.ndarray, outputs: np.ndarray) -> None:
    for name in ("analysis", "synthesis"):
        beta = getattr(wide, f"{name}_beta_root").numpy()
        gamma = getattr(wide, f"{name}_gamma_root").numpy()
        getattr(layer, f"{name}_beta_root").assign(beta[outputs])
        getattr(layer, f"{name}_gamma_root").assign(gamma[outputs][:, outputs])


def _take_block(layer: Any, wide: Any, inputs: np.ndarray, outputs: np.ndarray) -> None:
    for part, wide_part in ((layer.first, wide.first), (layer.second, wide.second)):
        _take_convolution(part, wide_part, outputs, outputs)


def _take_depthwise(layer: Any, wide: Any, inputs: np.ndarray, outputs: np.ndarray) -> None:
    """The strongest of the hidden features too, by what both 1x1 kernels make of them."""
    for direction in layer.directions:
        depthwise, first, second = (kernel.numpy() for kernel in wide.kernels[direction])
        first, second = first[:, :, outputs], second[:, :, :, outputs]
        strength = np.square(first).sum((0, 1, 2)) * np.square(second).sum((0, 1, 3))
        hidden = layer.kernels[direction][1].shape[-1]
        inside = np.sort(np.argsort(-strength)[:hidden])
        chosen = (depthwise[:, :, outputs], first[:, :, :, inside], second[:, :, inside])
        for kernel, values in zip(layer.kernels[direction], chosen):
            kernel.assign(values)
        for bias, theirs, kept in zip(
            layer.biases[direction], wide.biases[direction], (inside, outputs)
        ):
            bias.assign(theirs.numpy()[kept])
        layer.scales[direction].assign(wide.scales[direction].numpy()[:, outputs])


# (layer, the wide one, its inputs, its outputs): copies the chosen channels.
_TAKERS: dict[type, Callable[[Any, Any, np.ndarray, np.ndarray], None]] = {
    TiedConv2D: _take_convolution,
    GDN: _take_normalisation,
    TiedResidualBlock: _take_block,
    DepthwiseBlock: _take_depthwise,
}


def _take_correction(
    correction: AnalysisCorrection, wide: AnalysisCorrection, channels: np.ndarray
) -> None:
    """Copies the chosen channels of the encoder's own branch, as many blocks as both have."""
    for block, wide_block in zip(correction.blocks, wide.blocks):
        for (kernel, bias), (wide_kernel, wide_bias) in zip(block[:2], wide_block[:2]):
            kernel.assign(wide_kernel.numpy()[:, :, channels][:, :, :, channels])
            bias.assign(wide_bias.numpy()[channels])
        block[2].assign(wide_block[2].numpy()[channels])
    kernel, bias = correction.last
    kernel.assign(wide.last[0].numpy()[:, :, channels])
    bias.assign(wide.last[1])
    correction.quality_scale.assign(wide.quality_scale)
