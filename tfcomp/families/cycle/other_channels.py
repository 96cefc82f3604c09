"""Starts a model of other channels with a trained one's transforms: all but the kernel on pixels.

    trained    x_rgb ---------------------K--> features --> the rest
    new        x_C --P--> false colours --K--> features --> the same rest
                 +--the other directions-R-------^

P takes the principal components of the new channels, strongest first, to the axes that decorrelate
the colours of photographs, so that the rest meets features like those that it was trained on. P and
K together are one kernel of C channels, and its mirror image goes back. What channels hold in other
directions must not be lost: R, principal components of its blocks at a small part of K's strength,
lets training find it (zeros there would be a saddle: neither direction would have a gradient).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import tensorflow as tf

from tfcomp.entropy_kinds.prior import assign
from tfcomp.errors import CodecError
from tfcomp.models.base import CodecModel
from tfcomp.models.principal_components import strided_kernel

# Brightness and two differences of colours: the decorrelating axes of photographs (Ohta, Kanade,
# Sakai 1980, "Color information for region segmentation").
_SHARE = 0.02  # of the trained kernel's strength, of directions that are no colours
_AXES = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])


def take(model: CodecModel, trained: CodecModel, images: np.ndarray, seed: int = 0) -> None:
    """Gives a model the transforms of one of other channels.

    Args:
      model: a built `CycleModel`.
      trained: a trained one that differs in its pictures alone.
      images: samples [B, H, W, channels] for the principal components; H, W multiples of the
        stride.
      seed: for spare directions.

    Raises:
      CodecError: the models differ in more than their pictures.
    """
    settings, theirs = model.model_config, trained.model_config
    alike = dataclasses.replace(theirs, image=settings.image)
    if _shape(settings) != _shape(alike):
        raise CodecError(
            "start_from: with other channels a run's transforms must have the trained run's very "
            "shape: keep widths, kernel sizes, strides, blocks and qualities"
        )
    for stage, their_stage in zip(model.levels, trained.levels):
        for layer, their_layer in zip(stage, their_stage):
            assign(layer.variables, their_layer.variables)  # all but the first, whose shape differs
    first, known = model.levels[0][0], trained.levels[0][0]
    x = (model.in_units(images) - 0.5).numpy()
    colours = false_colours(x, trained.image.channels)
    # White has as large features as RGB's white: the kernel is scaled, and synthesis scaled back.
    scale = np.sqrt(trained.image.channels / model.image.channels)
    others = _other_directions(x, colours, first, np.random.default_rng(seed))
    for kernel, their_kernel in (
        (first.kernel, known.kernel),
        (first.synthesis_kernel, known.synthesis_kernel),
    ):
        theirs = np.einsum("abcf,Cc->abCf", their_kernel.numpy(), colours)
        strength = _SHARE * np.sqrt(np.square(theirs).sum((0, 1, 2))).mean()
        kernel.assign(scale * (theirs + strength * others))
    first.analysis_bias.assign(known.analysis_bias)
    first.analysis_scale.assign(known.analysis_scale)
    back = np.full(first.synthesis_scale.shape, known.synthesis_scale.numpy().mean() / scale**2)
    first.synthesis_scale.assign(back.astype(np.float32))
    first.synthesis_bias.assign(colours @ known.synthesis_bias.numpy() / scale)
    model.log_gain.assign(trained.log_gain)


def false_colours(x: np.ndarray, colours: int) -> np.ndarray:
    """P transposed: what of each channel goes into each colour.

    Args:
      x: float32 [..., C], in -1/2..1/2.
      colours: c, of the trained model.

    Returns:
      float64 [C, c]; its columns are orthonormal where C is c or more.
    """
    flat = x.reshape(-1, x.shape[-1]).astype(np.float64)
    _, vectors = np.linalg.eigh(flat.T @ flat)
    strongest = vectors[:, ::-1][:, :colours]
    strongest = strongest * np.where(strongest.sum(0) < 0, -1.0, 1.0)
    axes = _AXES if colours == 3 else np.eye(colours)
    return strongest @ axes[: strongest.shape[1]]


def _other_directions(
    x: np.ndarray, colours: np.ndarray, layer: Any, rng: np.random.Generator
) -> np.ndarray:
    """R: float32 [k, k, C, F], orthonormal but for spare filters; zeros where there are none."""
    if x.shape[-1] <= colours.shape[1]:
        return np.zeros(layer.kernel.shape, np.float32)
    rest = x - x @ colours @ colours.T
    return strided_kernel(
        tf.constant(rest, tf.float32), layer.kernel_size, layer.strides, layer.filters, rng
    )


def _shape(settings: Any) -> tuple[Any, ...]:
    """What the shapes of a model's variables follow from."""
    names = ("widths", "level_kernel_sizes", "level_strides", "residual_blocks", "block")
    more = ("block_kernel_size", "tied", "qualities", "encoder_blocks", "decoder_blocks")
    return tuple(getattr(settings, name) for name in (*names, *more, "expansion", "image"))
