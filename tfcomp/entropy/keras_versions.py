"""What differs between Keras 2.14 (TensorFlow 2.14) and Keras 3 (TensorFlow 2.16 and later).

Everything else in tfcomp is written once, for both.
"""

from __future__ import annotations

import contextlib
from typing import Any, Iterator, Mapping, Sequence

import tensorflow as tf
from tensorflow import keras

KERAS_3 = hasattr(keras, "ops")

# For `add_weight(aggregation=...)`: all replicas hold the same value and change it alike.
ONLY_FIRST_REPLICA = "only_first_replica" if KERAS_3 else tf.VariableAggregation.ONLY_FIRST_REPLICA


def tensorflow_variable(variable: Any) -> tf.Variable:
    """The `tf.Variable` in a variable of Keras 3; variables of Keras 2 and TensorFlow are such."""
    return variable.value if KERAS_3 and isinstance(variable, keras.Variable) else variable


def apply_reduced_gradients(
    optimizer: keras.optimizers.Optimizer, pairs: Sequence[tuple[Any, Any]], replicas: int
) -> None:
    """Moves variables by gradients that are the same on all replicas already.

    Keras 3 always sums the gradients of replicas. `pairs` are gradients and their variables.
    """
    if not KERAS_3:
        optimizer.apply_gradients(pairs, skip_gradients_aggregation=True)
        return
    if replicas > 1:
        pairs = [(gradient / replicas, variable) for gradient, variable in pairs]
    optimizer.apply_gradients(pairs)


def index_of(optimizer: keras.optimizers.Optimizer, variable: tf.Variable) -> int:
    """The index of a variable (or its replica) among those that the optimiser was built with."""
    if KERAS_3:
        return optimizer._get_variable_index(variable)
    return optimizer._index_dict[optimizer._var_key(variable)]


def moments_of(
    optimizer: keras.optimizers.Optimizer, variable: tf.Variable
) -> tuple[tf.Variable, tf.Variable]:
    """The first and the second moment that Keras's Adam keeps for a variable."""
    index = index_of(optimizer, variable)
    return optimizer._momentums[index], optimizer._velocities[index]


def step_results(trackers: Mapping[str, keras.metrics.Metric]) -> dict[str, tf.Tensor]:
    """The metrics as `train_step` returns them: dict of name -> scalar.

    Between machines Keras 3 sums the results of replicas along a first dimension, so scalars get
    one there. (The history is read from the metrics themselves.)
    """
    results = {name: tracker.result() for name, tracker in trackers.items()}
    strategy = tf.distribute.get_strategy()
    if KERAS_3 and isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        share = 1.0 / strategy.num_replicas_in_sync
        return {name: share * value[None] for name, value in results.items()}
    return results


@contextlib.contextmanager
def policy(name: str) -> Iterator[None]:
    """Gives layers that are made in the `with` block a dtype policy, such as "mixed_bfloat16"."""
    outside = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(name)
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(outside)


def set_dtype_policies(model: keras.Model, name: str) -> None:
    """Gives all layers of a model, at every depth, another dtype policy for calls to come."""
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, keras.metrics.Metric):
            continue
        if KERAS_3:
            layer.dtype_policy = keras.dtype_policies.get(name)
        else:
            layer._set_dtype_policy(name)
