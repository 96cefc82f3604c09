"""What a decoder sees of relaxed latents of a hyperprior, and how many bits they cost.

The tables and the integer networks are those with which files are coded.
"""

from __future__ import annotations

from typing import Any, List, Sequence, Tuple

import numpy as np
import tensorflow as tf

from tfcomp.bitstream.passes import squares
from tfcomp.entropy_kinds.base import BundleParts, Tables
from tfcomp.entropy_kinds.hyperprior.layout import (
    CONTEXT_LIMIT,
    HYPER_STRIDE,
    MEAN_UNITS,
    Layout,
)
from tfcomp.entropy_kinds.relaxed.code_length import CodeLength
from tfcomp.entropy_kinds.relaxed.lite_graph import LiteGraph
from tfcomp.entropy_kinds.relaxed.rounding import relaxed_round
from tfcomp.quality import nearest_level


class HyperpriorLatents:
    """Two variables: latents [h, w, C] in steps, hyper-latents [ceil(h/2), ceil(w/2), Cz].

    Means and scales are computed from both, pass by pass, with gradients: the effect of a value as
    context of later ones counts.
    """

    def __init__(self, tables: Tables, layout: Layout, networks: LiteGraph, quality: float) -> None:
        self._passes = layout.passes
        self._quality = layout.network_quality(quality)
        self._networks = networks
        self._hyper_channels = layout.hyper_channels
        first = (nearest_level(quality) - 1) * layout.hyper_channels
        self._hyper_length = CodeLength(tables["hyper_latents"], first, layout.hyper_channels)
        self._code_length = CodeLength(tables["latents"])

    def variables(self, latents: np.ndarray) -> List[np.ndarray]:
        """Latents float32 [h, w, C] -> where descent starts: both variables, unrounded."""
        height, width, _ = latents.shape
        even = np.pad(
            latents, ((0, height % HYPER_STRIDE), (0, width % HYPER_STRIDE), (0, 0)), mode="edge"
        )
        outputs = self._networks.call("hyper_analysis", latents=even[None], quality=self._quality)
        return [latents, outputs["hyper_latents"][0].numpy()]

    def relax(self, variables: Sequence[Any], temperature: Any, seed: Any) -> Tuple[Any, Any]:
        """The decoder's input float32 [1, h, w, C] and the bits of the file, a scalar."""
        latents, hyper = variables
        height, width, _ = latents.shape
        hyper_symbols = relaxed_round(hyper, temperature, seed)
        index = tf.broadcast_to(tf.range(float(self._hyper_channels)), tf.shape(hyper))
        bits = tf.reduce_sum(self._hyper_length(hyper_symbols, index))
        features = self._networks.call(
            "hyper_synthesis", hyper_latents=hyper_symbols[None], quality=self._quality
        )["features"][:, :height, :width]
        decoded = tf.zeros((1, height, width, 0))
        for number, step in enumerate(self._passes):
            start, channels = step.start, step.channels
            mean, index = self._parameters(number, features, decoded, channels)
            coded = index > 0.5
            residual = latents[None, ..., start : start + channels] - mean / MEAN_UNITS
            symbols = relaxed_round(residual, temperature, seed + (number + 1))
            symbols = tf.where(coded, symbols, 0.0)
            cost = tf.where(coded, self._code_length(symbols, index), 0.0)
            values = MEAN_UNITS * symbols + mean
            if step.parity is not None:
                mine = squares(height, width, step).astype(np.float32)[None, :, :, None]
                cost, values = cost * mine, values * mine
            if step.goes_on:  # other squares of these channels are decoded already
                values += decoded[..., start:]
                decoded = decoded[..., :start]
            bits += tf.reduce_sum(cost)
            decoded = tf.concat([decoded, values], axis=-1)
        return decoded, bits

    def _parameters(self, number: int, features: Any, decoded: Any, channels: int) -> Any:
        context = tf.clip_by_value(decoded, -CONTEXT_LIMIT, CONTEXT_LIMIT)
        inputs = tf.concat([features, context], axis=-1)
        both = self._networks.call(f"pass_{number}", inputs=inputs, quality=self._quality)
        parameters = both["parameters"]
        return parameters[..., :channels], parameters[..., channels:]


def make(bundle: BundleParts, quality: float) -> HyperpriorLatents:
    """The latents of a bundle; see `EntropyKind.relaxed`."""
    about = bundle.manifest
    layout = Layout.from_manifest(about.entropy, about.channels, about.qualities)
    assert bundle.entropy is not None, "a bundle with a hyperprior has networks"
    graph = LiteGraph(bundle.entropy, f"bundle {bundle.source}: entropy.tflite")
    return HyperpriorLatents(bundle.tables, layout, graph, quality)
