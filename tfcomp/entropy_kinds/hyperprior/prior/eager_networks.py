"""The networks of a hyperprior in training, on one image, as its coder calls them."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from tfcomp.entropy_kinds.hyperprior.layout import HYPER_STRIDE


class EagerNetworks:
    """`Networks` of a `Hyperprior`, with its current weights."""

    def __init__(self, prior: Any) -> None:
        self._prior = prior

    def hyper_analysis(self, latents: np.ndarray, quality: int) -> np.ndarray:
        odd = [(0, side % HYPER_STRIDE) for side in latents.shape[:2]]
        even = np.pad(latents, (*odd, (0, 0)), mode="edge")
        z = self._prior.hyper_analysis(tf.constant(even[None]), tf.constant([quality]))
        return tf.cast(tf.round(z[0]), tf.int32).numpy()

    def hyper_synthesis(self, hyper_latents: np.ndarray, quality: int) -> np.ndarray:
        z = tf.constant(hyper_latents[None], tf.float32)
        height, width = HYPER_STRIDE * z.shape[1], HYPER_STRIDE * z.shape[2]
        return self._prior.hyper_synthesis(z, tf.constant([quality]), height, width)[0].numpy()

    def parameters(
        self, number: int, features: np.ndarray, context: np.ndarray, quality: int
    ) -> np.ndarray:
        mean, scale = self._prior.parameters(
            number,
            tf.constant(features[None]),
            tf.constant(context[None], tf.float32),
            tf.constant([quality]),
        )
        return _joined(mean, scale)

    def sequence_parameters(self, number: int, inputs: np.ndarray, quality: int) -> np.ndarray:
        channels = self._prior.passes[number].channels
        sizes = [inputs.shape[-1] - 3 * channels, channels, channels, channels]
        change, mean, scale, before = tf.split(tf.constant(inputs[None]), sizes, -1)
        return _joined(
            *self._prior.sequence.parameters(
                number, (mean, scale), change, before, tf.constant([quality])
            )
        )


def _joined(mean: tf.Tensor, scale: tf.Tensor) -> np.ndarray:
    return tf.cast(tf.concat([mean, scale], -1)[0], tf.int32).numpy()
