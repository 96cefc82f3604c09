"""Averages of weights over time, which a run may export instead of its last weights.

Polyak averaging (Polyak, Juditsky 1992), exponentially weighted. The averages are kept beside the
weights and never replace them during a run.
"""

from __future__ import annotations

from typing import Sequence

import tensorflow as tf

from tfcomp.config.run import OptimizerConfig
from tfcomp.models.base import CodecModel


class WeightAverages:
    """Exponential moving averages of variables.

    Args:
      variables: a list, in an order that stays.
      decay: how much of an average stays each step.

    Attributes:
      values: `tf.Variable`s, one average for each variable.
    """

    def __init__(self, variables: Sequence[tf.Variable], decay: float) -> None:
        self.variables, self.decay = list(variables), float(decay)
        self.values = [
            tf.Variable(
                tf.convert_to_tensor(variable),
                trainable=False,
                name="average",
                aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
            )
            for variable in self.variables
        ]

    def start(self) -> None:
        """Sets the averages to the variables' present values."""
        for average, variable in zip(self.values, self.variables):
            average.assign(tf.convert_to_tensor(variable))

    def update(self) -> None:
        """Moves the averages towards the variables; to be called after each step."""
        for average, variable in zip(self.values, self.variables):
            now = tf.convert_to_tensor(variable)
            average.assign(self.decay * average + (1.0 - self.decay) * now)

    def use(self) -> None:
        """Gives the variables their averages."""
        for average, variable in zip(self.values, self.variables):
            variable.assign(tf.convert_to_tensor(average))


def attach(model: CodecModel, settings: OptimizerConfig) -> None:
    """Gives a built model the averages that its optimisers' settings ask for."""
    for name in model.optimizer_names:
        decay = model.optimizer_settings(name, settings).average_decay
        if decay:
            model.averages[name] = WeightAverages(model.variables_of(name), decay)
