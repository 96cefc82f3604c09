"""Refines the file of one picture by gradient descent; the result is never worse.

    image -> encoder network -> unrounded latents -> gradient descent, window by window
          -> rounded latents -> range coder -> files

The file of least bits + multiplier * squared error is kept, which may be the unrefined one. The
cost is measured on whole files and decoded 8-bit pixels. A model of one quality has no curve that
gives a multiplier: of its files that are no larger, the one of least squared error is kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tfcomp.bitstream.container import MAX_PIXELS
from tfcomp.entropy_kinds.relaxed.lite_graph import LiteGraph
from tfcomp.errors import CodecError
from tfcomp.images.difference import squared_error
from tfcomp.latent_search.descent.descent import Descent
from tfcomp.latent_search.descent.windows import SIDE_PIXELS, windows
from tfcomp.latent_search.file_choice import FileChoice
from tfcomp.latent_search.iterative_encoding import Progress
from tfcomp.latent_search.lagrangian import bits_of_squared_error, multiplier
from tfcomp.latent_search.searchable_codec import SearchableCodec
from tfcomp.networks.padding import EdgePadded
from tfcomp.networks.tiles import run_tiled

# The largest ratio of a picture's own multiplier to that of photographs, or the inverse.
_FACTOR = 4.0
# For a model whose reach is not known, so that it cannot work in parts.
_MOST_PIXELS_AT_ONCE = 4 * SIDE_PIXELS**2


def refine(
    choice: FileChoice,
    data: bytes,
    steps: Sequence[int],
    max_bytes: int | None = None,
    progress: Progress | None = None,
) -> bytes:
    """The best file that descent finds.

    Deterministic: the same picture gives the same file.

    Args:
      choice: the picture and its files so far; descent starts from the result of its rounds.
      data: the file that it chose, whose quality is kept.
      steps: for each window of the picture, stage by stage: each stage goes on from the end of the
        one before it, hot and with the full learning rate again.
      max_bytes: of the file; `data` must fit.
      progress: called with steps done and steps in all.

    Raises:
      CodecError: a model that cannot be refined.
    """
    codec, pixels = choice.codec, choice.pixels
    manifest = codec.bundle.manifest
    height, width, _ = pixels.shape
    if manifest.reach is None and height * width > _MOST_PIXELS_AT_ONCE:
        raise CodecError(
            f"model '{manifest.name}' refines pictures of up to {_MOST_PIXELS_AT_ONCE} pixels, not "
            f"{width}x{height}: its manifest tells no reach, so it cannot work in parts"
        )
    if not manifest.has_relaxed_form:
        raise CodecError(
            f"model '{manifest.name}' has '{manifest.kind.name}' entropy coding, which cannot be "
            "refined through; leave refinement out, or use another model"
        )
    quality = codec.read_file(data, MAX_PIXELS).frames[0].images[0].level
    # Before the multiplier, which may run rounds at other qualities: these are still remembered.
    latents, choices = _start(choice, quality)
    weight = multiplier(codec, pixels, quality, lambda q: data if q == quality else choice.at(q))
    weights = [weight]
    if weight is None:
        max_bytes = len(data)
    else:
        usual = bits_of_squared_error(manifest.rate_distortion, quality, manifest.image)
        if usual is not None:
            # The curve of a drawn picture may be misleading. A file counts as better if it is so by
            # the picture's own curve and by that of photographs.
            weight = min(max(weight, usual / _FACTOR), usual * _FACTOR)
            weights = [weight, usual]
        if not 0 < weight < math.inf:
            return data
    best, costs = data, _costs(codec, pixels, data, weights)
    for candidate in _refined_files(
        codec, pixels, latents, quality, weight, steps, progress, choices
    ):
        if max_bytes is None or len(candidate) <= max_bytes:
            its_costs = _costs(codec, pixels, candidate, weights)
            if all(its < before for its, before in zip(its_costs, costs)):
                best, costs = candidate, its_costs
    return best


def _start(choice: FileChoice, quality: float) -> tuple[np.ndarray, dict[str, Any]]:
    """Latents float32 [h, w, C] in steps, not rounded, and what `pack_latents` takes with them."""
    if choice.rounds and any(choice.codec.gains(quality)):
        found = choice.after_rounds(quality)
        return found.latents.copy(), found.choices  # descent works in place
    return _unrounded_latents(choice.codec, choice.pixels, quality), {}


def _costs(
    codec: SearchableCodec, pixels: np.ndarray, data: bytes, weights: Sequence[float | None]
) -> list[float]:
    error = squared_error(pixels, codec.decompress(data))
    return [error if each is None else 8.0 * len(data) + each * error for each in weights]


def _refined_files(
    codec: SearchableCodec,
    pixels: np.ndarray,
    latents: np.ndarray,
    quality: float,
    weight: float | None,
    steps: Sequence[int],
    progress: Progress | None,
    choices: dict[str, Any],
) -> Iterator[bytes]:
    bundle, manifest = codec.bundle, codec.bundle.manifest
    stride, reach = manifest.stride, manifest.reach
    height, width, _ = pixels.shape
    model = manifest.kind.relaxed.make(bundle, quality)
    decoder = LiteGraph(bundle.decoder, f"bundle {bundle.source}: decoder.tflite")
    descent = Descent(decoder, model, manifest.network_quality(quality), weight)
    variables = model.variables(latents)
    todo = list(windows(latents.shape[0], latents.shape[1], stride, reach))
    done = 0

    def step_done() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, sum(steps) * len(todo))

    for stage in steps:
        for window in todo:
            # The first variable is on the grid of latents, the second on that of hyper-latents.
            views = [(window.seen, window.free), (window.seen_coarse, window.free_coarse)]
            parts = [seen(each) for each, (seen, _) in zip(variables, views)]
            free = [make() for _, (_, make) in zip(variables, views)]
            target = window.seen(pixels, stride)
            for part, where, found in zip(
                parts, free, descent.run(target, parts, free, stage, step_done)
            ):
                np.copyto(part, found, where=where)
        yield from _files_of(codec, variables, quality, height, width, choices)


def _files_of(
    codec: SearchableCodec,
    variables: Sequence[np.ndarray],
    quality: float,
    height: int,
    width: int,
    choices: dict[str, Any],
) -> Iterator[bytes]:
    """The files of unrounded variables."""
    if len(variables) == 1:
        symbols = np.rint(variables[0]).astype(np.int32)
        yield codec.pack_latents(symbols, quality, height, width)
        return
    hyper = np.rint(variables[1]).astype(np.int32)
    for thresholds in (False, True):
        yield codec.pack_latents(
            variables[0],
            quality,
            height,
            width,
            hyper_latents=hyper,
            thresholds=thresholds,
            **choices,
        )


def _unrounded_latents(codec: SearchableCodec, pixels: np.ndarray, quality: float) -> np.ndarray:
    """float32 [h, w, C] in steps: what the encoder network gives before it rounds, if it does."""
    bundle, manifest = codec.bundle, codec.bundle.manifest
    encoder = LiteGraph(bundle.encoder, f"bundle {bundle.source}: encoder.tflite")
    level = manifest.network_quality(quality)
    padded, dtype = EdgePadded(pixels, manifest.stride), manifest.image.network_dtype
    height, width = (side // manifest.stride for side in padded.shape[:2])
    latents = np.empty((height, width, manifest.channels), np.float32)
    run_tiled(
        lambda part: encoder.call("encode", image=part.astype(dtype), quality=level)[
            "latents"
        ].numpy(),
        padded,
        latents,
        in_scale=manifest.stride,
        out_scale=1,
        reach=manifest.reach,
    )
    return latents
