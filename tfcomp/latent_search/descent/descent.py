"""Adam on the latents of one window of a picture, with relaxed rounding that hardens.

    loss = bits + multiplier * squared error

Without a multiplier each window keeps the bits that it starts with, and the multiplier is found on
the way: it grows while the window spends fewer bits and falls while it spends more (dual ascent;
Boyd and Vandenberghe 2004, "Convex Optimization", section 5.4 has the Lagrangian).

Gradient descent on latents with frozen networks: Campos, Meierhans, Djelouah, Schroers 2019,
"Content adaptive optimization for neural image compression" (arXiv:1906.01223).
"""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy as np
import tensorflow as tf

from tfcomp.entropy_kinds.relaxed.lite_graph import LiteGraph

LEARNING_RATE = 0.03  # in quantisation steps
HOT, COLD = 1.0, 0.2  # temperatures of rounding, at the first and the last step
FROZEN = 0.01  # a temperature at which relaxed rounding is rounding
DUAL_RATE = 0.5  # change of the multiplier's logarithm in a step, if the bits are off by 100 %


class Descent:
    """Refines the latents of windows of one picture.

    Args:
      decoder: decoder.tflite.
      latents: of `EntropyKind.relaxed`.
      quality: int32 [1], as the decoder takes it.
      multiplier: bits a squared grey level; None holds each window to the bits it starts with.
    """

    def __init__(
        self, decoder: LiteGraph, latents: Any, quality: np.ndarray, multiplier: float | None
    ) -> None:
        self._decoder = decoder
        self._latents = latents
        self._quality = quality
        self._multiplier = multiplier
        self._graphs: Dict[Any, Tuple[Any, ...]] = {}

    def run(
        self,
        pixels: np.ndarray,
        start: Sequence[np.ndarray],
        free: Sequence[np.ndarray],
        steps: int,
        step_done: Callable[[], None],
    ) -> List[np.ndarray]:
        """Refined variables, of the same shapes as `start`.

        Args:
          pixels: uint8 [H, W, 3], the picture in the window; padding beyond it does not count.
          start: float32 arrays, the variables of `latents`.
          free: bool arrays that broadcast to them: which values may change.
          steps: of gradient descent.
          step_done: called after each step.
        """
        shape = (pixels.shape, *(each.shape for each in start))
        if shape not in self._graphs:  # tracing takes seconds; windows of one shape share a graph
            self._graphs[shape] = self._graph(pixels.shape, start)
        variables, adam, step, measure = self._graphs[shape]
        for state in adam.variables:
            state.assign(tf.zeros_like(state))
        for variable, value in zip(variables, start):
            variable.assign(value)
        target = tf.constant(pixels, tf.float32)
        masks = [tf.constant(each, tf.float32) for each in free]
        multiplier, budget, least, best = self._multiplier, 0.0, math.inf, None
        if multiplier is None:
            budget, least = (float(value) for value in measure(target))
            multiplier = budget / max(least, 1.0)
        for number in range(steps):
            progress = number / max(1, steps - 1)
            adam.learning_rate.assign(LEARNING_RATE * 0.5 * (1.0 + math.cos(math.pi * progress)))
            temperature = tf.constant(HOT * (COLD / HOT) ** progress, tf.float32)
            seed = tf.constant([number, 0], tf.int32)
            bits = step(target, masks, temperature, seed, tf.constant(multiplier, tf.float32))
            if budget:
                wrong = min(1.0, max(-1.0, 1.0 - float(bits) / budget))
                multiplier *= math.exp(DUAL_RATE * wrong)
                # Bits swing about the budget: the last step need not be within it.
                spent, error = (float(value) for value in measure(target))
                if spent <= budget and error < least:
                    least, best = error, [variable.numpy() for variable in variables]
            step_done()
        if best is not None:
            return best
        return [variable.numpy() for variable in variables]

    def _graph(self, shape: Tuple[int, ...], start: Sequence[np.ndarray]) -> Tuple[Any, ...]:
        height, width, _ = shape
        variables = [tf.Variable(tf.zeros(each.shape)) for each in start]
        adam = tf.keras.optimizers.Adam(LEARNING_RATE)
        adam.build(variables)

        def bits_and_error(target: Any, temperature: Any, seed: Any) -> Tuple[Any, Any]:
            decoded, bits = self._latents.relax(variables, temperature, seed)
            image = self._decoder.call("decode", latents=decoded, quality=self._quality)
            return bits, tf.reduce_sum(tf.square(image["image"][0, :height, :width] - target))

        @tf.function
        def measure(target: Any) -> Tuple[Any, Any]:
            return bits_and_error(target, tf.constant(FROZEN), tf.zeros(2, tf.int32))

        @tf.function
        def step(target: Any, masks: Any, temperature: Any, seed: Any, multiplier: Any) -> Any:
            with tf.GradientTape() as tape:
                bits, error = bits_and_error(target, temperature, seed)
                loss = bits + multiplier * error
                loss /= height * width  # a range of gradients that suits Adam's epsilon
            gradients = tape.gradient(loss, variables)
            adam.apply_gradients(
                (gradient * mask, variable)
                for gradient, mask, variable in zip(gradients, masks, variables)
            )
            return bits

        return variables, adam, step, measure
