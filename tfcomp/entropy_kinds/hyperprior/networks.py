"""The integer networks of a hyperprior, run by LiteRT, in tiles where the image is large.

They are exact: integers held in float32, so results do not depend on tiles, threads or machines.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tfcomp.entropy_kinds.hyperprior.layout import HYPER_STRIDE, PASS_REACH, Layout
from tfcomp.networks.frozen_layers import FrozenLayer, frozen_layers
from tfcomp.networks.interpreter import Model, Network
from tfcomp.networks.padding import EdgePadded
from tfcomp.networks.tiles import run_tiled

_HYPER_REACH = 2  # in hyper-latents, to each side: two 3x3 convolutions
# Side of a tile, in hyper-latents. LiteRT keeps the working memory of every network that has run.
_HYPER_TILE = 64
_PASS_TILE = 64


class IntegerNetworks:
    """The `Networks` of a bundle's entropy.tflite."""

    def __init__(self, model: Model, layout: Layout) -> None:
        self._hyper_analysis = Network(model, "hyper_analysis", "hyper_latents")
        self._hyper_synthesis = Network(model, "hyper_synthesis", "features")
        self._passes = [
            Network(model, f"pass_{number}", "parameters") for number in range(len(layout.passes))
        ]
        self._sequence_passes = [
            Network(model, f"sequence_pass_{number}", "parameters")
            for number in range(len(layout.passes) if layout.sequence else 0)
        ]
        self._layout = layout
        self._model = model
        self._features: int | None = None

    def release(self) -> None:
        """See `Model.release`."""
        self._model.release()

    def pass_layers(self, number: int) -> list[FrozenLayer]:
        """The layers of a pass's network; see `frozen_layers`."""
        return frozen_layers(self._model.content, f"pass_{number}", self._model.name)

    def hyper_analysis(self, latents: np.ndarray, quality: float) -> np.ndarray:
        even = EdgePadded(latents, HYPER_STRIDE)
        height, width, _ = even.shape
        shape = (height // HYPER_STRIDE, width // HYPER_STRIDE, self._layout.hyper_channels)
        hyper = np.empty(shape, np.int32)
        analyse = self._at(self._hyper_analysis, "latents", quality)
        run_tiled(analyse, even, hyper, HYPER_STRIDE, 1, _HYPER_REACH, _HYPER_TILE)
        return hyper

    def hyper_synthesis(self, hyper_latents: np.ndarray, quality: float) -> np.ndarray:
        synthesise = self._at(self._hyper_synthesis, "hyper_latents", quality)
        if self._features is None:
            one = np.zeros((1, 1, 1, self._layout.hyper_channels), np.int32)
            self._features = synthesise(one).shape[-1]
        height, width, _ = hyper_latents.shape
        shape = (height * HYPER_STRIDE, width * HYPER_STRIDE, self._features)
        features = np.empty(shape, np.float32)
        run_tiled(synthesise, hyper_latents, features, 1, HYPER_STRIDE, _HYPER_REACH, _HYPER_TILE)
        return features

    def parameters(
        self, number: int, features: np.ndarray, context: np.ndarray, quality: float
    ) -> np.ndarray:
        inputs = np.concatenate([features, context], axis=-1, dtype=np.float32)
        return self._run_pass(self._passes[number], number, inputs, quality)

    def sequence_parameters(self, number: int, inputs: np.ndarray, quality: float) -> np.ndarray:
        return self._run_pass(self._sequence_passes[number], number, inputs, quality)

    def _run_pass(
        self, network: Network, number: int, inputs: np.ndarray, quality: float
    ) -> np.ndarray:
        height, width, _ = inputs.shape
        parameters = np.empty((height, width, 2 * self._layout.passes[number].channels), np.int32)
        run = self._at(network, "inputs", quality)
        run_tiled(run, inputs, parameters, 1, 1, PASS_REACH, _PASS_TILE)
        return parameters

    def _at(
        self, network: Network, name: str, quality: float
    ) -> Callable[[np.ndarray], np.ndarray]:
        """The network as a function of its input `name`, at one quality."""
        level = self._layout.network_quality(quality)
        return lambda part: network.run(**{name: part, "quality": level})
