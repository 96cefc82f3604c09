"""Adam on the variables of one window of a picture, while rounding hardens.

    loss = bits + multiplier * squared error

Networks frozen, latents free: Campos, Meierhans, Djelouah, Schroers 2019, "Content adaptive
optimization for neural image compression" (arXiv:1906.01223).
"""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy as np
import tensorflow as tf

from tfcomp.refinement.lite_graph import LiteGraph

LEARNING_RATE = 0.03  # in quantisation steps
HOT, COLD = 1.0, 0.2  # temperatures of rounding, from first step to last


class Descent:
    """Refines the latents of windows of one picture.

    Args:
      decoder: decoder.tflite. latents: see tfcomp/refinement/relaxed_latents.py.
      quality: from 1. multiplier: bits a squared grey level.
      steps: of gradient descent, for each window.
    """

    def __init__(
        self, decoder: LiteGraph, latents: Any, quality: int, multiplier: float, steps: int
    ) -> None:
        self._decoder = decoder
        self._latents = latents
        self._quality = np.array([quality], np.int32)
        self._multiplier = multiplier
        self._steps = steps
        self._graphs: Dict[Any, Tuple[Any, Any, Any]] = {}

    def run(
        self,
        pixels: np.ndarray,
        start: Sequence[np.ndarray],
        free: Sequence[np.ndarray],
        step_done: Callable[[], None],
    ) -> List[np.ndarray]:
        """Refined variables, of the same shapes as `start`.

        Args:
          pixels: uint8 [H, W, 3] that the window decodes to; what lies beyond it in the padded
            window does not count.
          start: float32 arrays, the variables of `latents`.
          free: bool arrays that broadcast to them: what may change.
          step_done: called after each step.
        """
        shape = (pixels.shape, *(each.shape for each in start))
        if shape not in self._graphs:  # tracing takes seconds: windows of one shape share it
            self._graphs[shape] = self._graph(pixels.shape, start)
        variables, adam, step = self._graphs[shape]
        for state in adam.variables:
            state.assign(tf.zeros_like(state))
        for variable, value in zip(variables, start):
            variable.assign(value)
        target = tf.constant(pixels, tf.float32)
        masks = [tf.constant(each, tf.float32) for each in free]
        for number in range(self._steps):
            progress = number / max(1, self._steps - 1)
            adam.learning_rate.assign(LEARNING_RATE * 0.5 * (1.0 + math.cos(math.pi * progress)))
            temperature = tf.constant(HOT * (COLD / HOT) ** progress, tf.float32)
            step(target, masks, temperature, tf.constant([number, 0], tf.int32))
            step_done()
        return [variable.numpy() for variable in variables]

    def _graph(self, shape: Tuple[int, ...], start: Sequence[np.ndarray]) -> Tuple[Any, Any, Any]:
        height, width, _ = shape
        variables = [tf.Variable(tf.zeros(each.shape)) for each in start]
        adam = tf.keras.optimizers.Adam(LEARNING_RATE)
        adam.build(variables)

        @tf.function
        def step(target: Any, masks: Any, temperature: Any, seed: Any) -> None:
            with tf.GradientTape() as tape:
                decoded, bits = self._latents.relax(variables, temperature, seed)
                image = self._decoder.call("decode", latents=decoded, quality=self._quality)
                error = image["image"][0, :height, :width] - target
                loss = bits + self._multiplier * tf.reduce_sum(tf.square(error))
                loss /= height * width  # keeps gradients in the range that Adam's epsilon expects
            gradients = tape.gradient(loss, variables)
            adam.apply_gradients(
                (gradient * mask, variable)
                for gradient, mask, variable in zip(gradients, masks, variables)
            )

        return variables, adam, step
