"""Integer "networks" of a hyperprior that are formulas.

c/tests/toy_networks.c and tests/spec/toy_networks.mjs have the same ones.
"""

from __future__ import annotations

import numpy as np


class ToyNetworks:
    """`tfcomp.entropy_kinds.hyperprior.sections.Networks` whose outputs look like noise.

    channels: of each pass, in coding order. features: F. scales: how many scale indices there are.
    skipped: how many scales more count as 0, so that more values cost nothing. hyper_latents: what
    `hyper_analysis` gives whatever it sees.
    """

    def __init__(
        self,
        channels: list[int],
        features: int,
        scales: int,
        skipped: int = 0,
        hyper_latents: np.ndarray | None = None,
    ) -> None:
        self.channels = channels
        self.features = features
        self._scales = scales
        self._skipped = skipped
        self._hyper_latents = hyper_latents

    def hyper_analysis(self, latents: np.ndarray, quality: int) -> np.ndarray:
        if self._hyper_latents is None:
            raise NotImplementedError("these networks were given no hyper-latents")
        return self._hyper_latents

    def hyper_synthesis(self, hyper_latents: np.ndarray, quality: int) -> np.ndarray:
        weights = 1 + np.arange(hyper_latents.shape[-1])
        sums = (hyper_latents.astype(np.int64) * weights).sum(-1).repeat(2, 0).repeat(2, 1)
        rows, columns = np.indices(sums.shape)
        sums += 5 * (rows % 2) + 7 * (columns % 2) + quality
        return ((sums[..., None] + 3 * np.arange(self.features)) % 17 - 8).astype(np.float32)

    def parameters(
        self, number: int, features: np.ndarray, context: np.ndarray, quality: int
    ) -> np.ndarray:
        """Looks at a place and at those on its left, above it and at the corner between: squares
        that earlier passes over the same channels have decoded."""
        inputs = np.concatenate([features, context], axis=-1).astype(np.int64)
        sums = (inputs * ((7 * np.arange(inputs.shape[-1]) + 3 * number + 1) % 5 - 2)).sum(-1)
        left = np.concatenate([sums[:, :1], sums[:, :-1]], axis=1)
        above = np.concatenate([sums[:1], sums[:-1]], axis=0)
        corner = np.concatenate([left[:1], left[:-1]], axis=0)
        sums = (sums + left + above + corner)[..., None]
        channels = np.arange(self.channels[number])
        means = (sums + 11 * channels + quality) % 41 - 20
        scales = (3 * sums + 5 * channels + number) % (self._scales + self._skipped)
        scales = np.maximum(scales - self._skipped, 0)
        return np.concatenate([means, scales], axis=-1).astype(np.int32)

    def sequence_parameters(self, number: int, inputs: np.ndarray, quality: int) -> np.ndarray:
        """Looks at a place and at those on its left and above it; means begin with the values of
        the frame before."""
        size = self.channels[number]
        near, mean, scale, before = np.split(
            inputs.astype(np.int64), [-3 * size, -2 * size, -size], axis=-1
        )
        sums = (near * ((7 * np.arange(near.shape[-1]) + 3 * number + 1) % 5 - 2)).sum(-1)
        left = np.concatenate([sums[:, :1], sums[:, :-1]], axis=1)
        above = np.concatenate([sums[:1], sums[:-1]], axis=0)
        sums = (sums + left + above)[..., None]
        means = before + (mean + sums + quality) % 7 - 3
        scales = (scale + sums) % (self._scales + self._skipped)
        scales = np.maximum(scales - self._skipped, 0)
        return np.concatenate([means, scales], axis=-1).astype(np.int32)
