"""Optimisers: Muon for kernels with Adam for everything else, or Adam alone.

Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks") moves a
matrix along the orthogonal polar factor of its momentum, so that every direction of the matrix
moves equally far. The polar factor comes from five Newton-Schulz iterations. Here the length of
a step is a fraction of the kernel's own norm.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfcomp.config.run import OptimizerConfig
from tfcomp.entropy.keras_versions import index_of, moments_of, tensorflow_variable

# Quintic Newton-Schulz coefficients of the paper: singular values end within 0.7 .. 1.2.
_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5
# A wider matrix is taken apart: the cost grows with the cube of its shorter side.
_WIDEST = 160


def orthogonalize(matrix: tf.Tensor) -> tf.Tensor:
    """Approximate polar factor U V^T of a matrix M = U S V^T, float32 [m, n] -> [m, n].

    A matrix whose shorter side is above 160 is cut into strips of at most that many rows or
    columns, each orthogonal in itself (block-wise Muon, as when a matrix lies on several devices).
    """
    tall = matrix.shape[0] > matrix.shape[1]
    side = matrix.shape[int(tall)]
    sizes = [part.size for part in np.array_split(np.arange(side), -(-side // _WIDEST))]
    strips = tf.split(matrix, sizes, axis=int(tall))
    return tf.concat([_polar_factor(strip, tall) for strip in strips], axis=int(tall))


def _polar_factor(matrix: tf.Tensor, tall: bool) -> tf.Tensor:
    """The polar factor, by the Gram matrix of columns if it is tall, else of rows.

    An iteration X <- (a + b G + c G^2) X, G = X X^T, multiplies X by a polynomial of its first G:
    so only the small square matrices are iterated, and X is multiplied once, at the end.
    """
    gram = tf.matmul(matrix, matrix, transpose_a=tall, transpose_b=not tall)
    squared_norm = tf.linalg.trace(gram) + 1e-24
    gram /= squared_norm
    a, b, c = _NEWTON_SCHULZ
    scaled_identity = a * tf.eye(gram.shape[0], dtype=matrix.dtype)
    product = None
    for iteration in range(_ITERATIONS):
        factor = scaled_identity + b * gram + c * tf.matmul(gram, gram)
        product = factor if product is None else tf.matmul(factor, product)
        if iteration < _ITERATIONS - 1:
            gram = tf.matmul(tf.matmul(factor, gram), factor)
    product *= tf.math.rsqrt(squared_norm)
    # A polynomial of a symmetric matrix is symmetric: it may stand on either side.
    return tf.matmul(matrix, product) if tall else tf.matmul(product, matrix)


@keras.utils.register_keras_serializable(package="tfcomp")
class Muon(keras.optimizers.Adam):
    """Muon on chosen convolution kernels, Adam on all other variables.

    Args:
      kernels: the variables that Muon moves, float32 [h, w, in, out]; a model's `hidden_kernels`.
      learning_rate: Adam's rate; a schedule is allowed.
      muon_step: Muon's step as a fraction of the kernel's Frobenius norm, at the schedule's
        peak: it follows the same schedule, relative to `peak_learning_rate`.
      peak_learning_rate: the schedule's largest value.
      momentum: of Muon (Nesterov).
    """

    def __init__(
        self,
        learning_rate: Any = 1e-3,
        muon_step: float = 0.004,
        peak_learning_rate: float = 1e-3,
        momentum: float = 0.95,
        name: str = "muon",
        kernels: Sequence[tf.Variable] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        # Not the variables themselves: Keras would take them for state of the optimiser.
        self._kernel_ids = frozenset(map(id, kernels))
        self._kernel_places: frozenset[int] = frozenset()
        self.muon_step = muon_step
        self.peak_learning_rate = peak_learning_rate
        self.momentum = momentum

    def build(self, variables: Sequence[tf.Variable]) -> None:
        """Makes the state; notes which of the variables are the kernels that Muon moves."""
        super().build(variables)
        self._kernel_places = self._kernel_places or frozenset(
            place for place, variable in enumerate(variables) if id(variable) in self._kernel_ids
        )

    def uses_muon(self, variable: tf.Variable) -> bool:
        """Whether a variable that the optimiser was built with is one of the kernels."""
        return index_of(self, variable) in self._kernel_places

    def update_step(
        self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor | None = None
    ) -> None:
        """Moves one variable; Keras 3 hands over the learning rate, Keras 2 does not."""
        now = tf.cast(self.learning_rate if learning_rate is None else learning_rate, tf.float32)
        if not self.uses_muon(variable):
            self._adam_step(gradient, variable, now)
            return
        rate = now * (self.muon_step / self.peak_learning_rate)
        velocity = moments_of(self, variable)[0]
        velocity.assign(self.momentum * velocity + gradient)
        direction = orthogonalize(
            tf.reshape(gradient + self.momentum * velocity, [-1, variable.shape[-1]])
        )
        length = rate * tf.norm(variable) / (tf.norm(direction) + 1e-12)
        variable.assign_sub(length * tf.reshape(direction, variable.shape))

    def _adam_step(
        self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor
    ) -> None:
        """What Keras's Adam does in a dozen operations a variable, in one."""
        step = tf.cast(self.iterations + 1, tf.float32)
        first, second = (tensorflow_variable(each) for each in moments_of(self, variable))
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=first.handle,
            v=second.handle,
            beta1_power=self.beta_1**step,
            beta2_power=self.beta_2**step,
            lr=learning_rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "muon_step": self.muon_step,
            "peak_learning_rate": self.peak_learning_rate,
            "momentum": self.momentum,
        }


@keras.utils.register_keras_serializable(package="tfcomp")
class WarmupThenCuts(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up, then a constant rate that is cut by a factor at fractions of the run.

    Args:
      peak: the rate after the warm-up.
      steps: optimiser steps of the whole run.
      warmup_steps: length of the warm-up.
      cuts: (fraction of `steps`, factor) pairs, in increasing order.
    """

    def __init__(
        self, peak: float, steps: int, warmup_steps: int, cuts: Sequence[Sequence[float]]
    ) -> None:
        self.peak = float(peak)
        self.steps = int(steps)
        self.warmup_steps = int(warmup_steps)
        self.cuts = tuple((float(at), float(factor)) for at, factor in cuts)

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        step = tf.cast(step, tf.float32)
        rate = self.peak * tf.minimum(1.0, (step + 1.0) / max(1, self.warmup_steps))
        for at, factor in self.cuts:
            rate = tf.where(step >= at * self.steps, self.peak * factor, rate)
        return rate

    def get_config(self) -> dict[str, Any]:
        return {
            "peak": self.peak,
            "steps": self.steps,
            "warmup_steps": self.warmup_steps,
            "cuts": self.cuts,
        }


def build_optimizer(
    settings: OptimizerConfig,
    steps: int,
    kernels: Sequence[tf.Variable],
    schedule: keras.optimizers.schedules.LearningRateSchedule | None = None,
) -> keras.optimizers.Optimizer:
    """The optimiser that a config describes, for a run of `steps` steps.

    Muon, where the settings say so, moves `kernels` (a model's `hidden_kernels`). A `schedule`
    replaces the settings' warm-up and cuts; its peak is their learning rate.
    """
    schedule = schedule or WarmupThenCuts(
        settings.learning_rate, steps, settings.warmup_steps, settings.cuts
    )
    if settings.name == "adam":
        return keras.optimizers.Adam(schedule, beta_1=settings.momentum)
    return Muon(
        schedule,
        muon_step=settings.muon_step,
        peak_learning_rate=settings.learning_rate,
        kernels=kernels,
    )
