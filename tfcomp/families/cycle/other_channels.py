"""Starts a model of other pictures with a trained one's transforms: all but the kernel on pixels.

    trained, RGB     x_rgb --K--> features --> the rest
                                     ~
    new, C channels  x_C --B R--> features --> the same rest

B holds the principal components of the new pictures' blocks (principal_components.py): an
orthonormal map that keeps what these have. Any rotation R of it keeps as much, so R is the one that
brings its features nearest to what the rest was trained on: those that K makes of a false-colour
picture, the three strongest directions of the new channels in the places of the three that RGB
photographs have. That is the orthogonal Procrustes problem (Schonemann 1966, "A generalized
solution of the orthogonal Procrustes problem"), one singular value decomposition.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from tfcomp.entropy_kinds.prior import assign
from tfcomp.errors import CodecError
from tfcomp.models.base import CodecModel
from tfcomp.models.principal_components import strided_kernel

# Brightness and two differences of colours: the decorrelating axes of photographs (Ohta, Kanade,
# Sakai 1980, "Color information for region segmentation").
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
    x = model.in_units(images) - 0.5
    rng = np.random.default_rng(seed)
    basis = strided_kernel(x, first.kernel_size, first.strides, first.filters, rng)
    for kernel, their_kernel in (
        (first.kernel, known.kernel),
        (first.synthesis_kernel, known.synthesis_kernel),
    ):
        kernel.assign(turned(basis, their_kernel.numpy(), _false_colours(x.numpy(), trained)))
    first.analysis_bias.assign(known.analysis_bias)
    first.analysis_scale.assign(known.analysis_scale)
    first.synthesis_scale.assign(
        np.full(first.synthesis_scale.shape, known.synthesis_scale.numpy().mean(), np.float32)
    )
    model.log_gain.assign(trained.log_gain)


def turned(basis: np.ndarray, known: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """The principal components, rotated to where a trained kernel has its features.

    Args:
      basis: float32 [k, k, C, F], orthonormal but for spare directions.
      known: float32 [k, k, c, F], the trained kernel on c channels.
      colours: float64 [C, c], orthonormal columns: what stands in the place of each of these.

    Returns:
      float32 [k, k, C, F]
    """
    target = np.einsum("abcf,Cc->abCf", known, colours).reshape(-1, known.shape[-1])
    flat = basis.reshape(target.shape).astype(np.float64)
    kept = flat[:, np.linalg.norm(flat, axis=0) > 0.5]  # spare directions are far shorter
    left, _, right = np.linalg.svd(kept.T @ target, full_matrices=False)
    return (kept @ left @ right).reshape(basis.shape).astype(np.float32)


def _false_colours(x: np.ndarray, trained: CodecModel) -> np.ndarray:
    """float64 [C, c]: the strongest directions of channels in the places of the trained ones."""
    channels = trained.image.channels
    flat = x.reshape(-1, x.shape[-1]).astype(np.float64)
    _, vectors = np.linalg.eigh(flat.T @ flat)
    count = min(channels, x.shape[-1])
    strongest = vectors[:, ::-1][:, :count]
    strongest = strongest * np.where(strongest.sum(0) < 0, -1.0, 1.0)
    axes = _AXES if channels == 3 else np.eye(channels)
    return strongest @ axes[:count]


def _shape(settings: Any) -> tuple[Any, ...]:
    """What the shapes of a model's variables follow from."""
    names = ("widths", "level_kernel_sizes", "level_strides", "residual_blocks", "block")
    more = ("block_kernel_size", "tied", "qualities", "encoder_blocks", "decoder_blocks")
    return tuple(getattr(settings, name) for name in (*names, *more, "expansion", "image"))
