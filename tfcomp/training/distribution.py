"""How the devices and machines of a run share the work, and which of them writes.

    TF_CONFIG --> strategy --> Team:  every worker  its share of each batch, the mean gradient
                                      the chief     start, history, pictures, the result

Every worker runs the same program. The first one, the chief, also does what only one may do, and
the others then copy the variables that it has changed.
"""

from __future__ import annotations

import contextlib
import traceback
from typing import Any, Callable, Iterator, Sequence

import tensorflow as tf
from tensorflow import keras

from tfcomp.entropy.keras_versions import tensorflow_variable
from tfcomp.errors import CodecError, ConfigError


class WorkerLostError(CodecError):
    """Another worker has gone; the run goes on once all are started again."""

    exit_code = 75  # EX_TEMPFAIL: the same command may succeed later


class Team:
    """The workers of a run, seen from one of them.

    Args:
      strategy: the `tf.distribute.Strategy` of the run; a team of one for the default strategy.

    Attributes:
      workers: how many processes take part.
      worker: this one's number.
      is_chief: whether this one writes the run folder.
    """

    def __init__(self, strategy: tf.distribute.Strategy) -> None:
        self.strategy = strategy
        self.replicas = strategy.num_replicas_in_sync
        # Other strategies have a resolver too, which may name machines that take no part.
        joined = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
        resolver = strategy.cluster_resolver
        tasks = resolver.cluster_spec().as_dict() if joined else {}
        chiefs, others = len(tasks.get("chief", ())), len(tasks.get("worker", ()))
        self.workers = max(1, chiefs + others)
        self.worker = 0
        if self.workers > 1:
            self.worker = resolver.task_id + (chiefs if resolver.task_type == "worker" else 0)
        self.is_chief = self.worker == 0

    def check_batch_size(self, batch_size: int) -> None:
        """Raises ConfigError where the replicas cannot share a batch evenly."""
        if batch_size % self.replicas:
            raise ConfigError(
                f"batch_size is {batch_size}, which {self.replicas} replicas cannot share evenly: "
                f"make it a multiple of {self.replicas}"
            )

    def distribute(self, batches: Callable[..., tf.data.Dataset], batch_size: int) -> Any:
        """Gives every replica its share of each batch.

        Args:
          batches: called with worker= and workers=, makes the dataset of that worker's shares,
            uint8 [batch_size / workers, ...].
          batch_size: of the global batch.

        Returns:
          what `model.fit` takes.
        """
        if self.replicas == 1:
            return batches(worker=0, workers=1)

        def of_worker(context: tf.distribute.InputContext) -> tf.data.Dataset:
            shares = batches(
                worker=context.input_pipeline_id, workers=context.num_input_pipelines
            )
            shares = shares.rebatch(batch_size // self.replicas, drop_remainder=True)
            # Else replicas would have to be ready for an end, and batches lose their static size.
            return shares.apply(
                tf.data.experimental.assert_cardinality(tf.data.experimental.INFINITE_CARDINALITY)
            )

        return self.strategy.distribute_datasets_from_function(of_worker)

    def copy_from_chief(self, variables: Sequence[tf.Variable]) -> None:
        """Gives variables the chief's values on every worker."""
        if self.workers == 1:
            return
        variables = [variable for variable in variables if _is_replicated(variable)]
        for variable, value in zip(variables, self._values_of_first_replica(variables)):
            variable.assign(value)

    def _values_of_first_replica(self, values: Sequence[tf.Variable]) -> list[tf.Tensor]:
        """The chief's values as NumPy arrays; one exchange for each dtype."""
        local = [
            tf.convert_to_tensor(_on_this_worker(self.strategy, tensorflow_variable(each)))
            for each in values
        ]
        given = {}
        for dtype in dict.fromkeys(each.dtype for each in local):
            flat = tf.concat([tf.reshape(t, [-1]) for t in local if t.dtype == dtype], axis=0)
            given[dtype] = self._of_first_replica(flat).numpy()
        result = []
        for each in local:
            size = int(tf.size(each))
            result.append(given[each.dtype][:size].reshape(each.shape))
            given[each.dtype] = given[each.dtype][size:]
        return result

    @tf.function(reduce_retracing=True)
    def _of_first_replica(self, flat: Any) -> tf.Tensor:
        def one(flat: tf.Tensor) -> tf.Tensor:
            context = tf.distribute.get_replica_context()
            first = tf.equal(context.replica_id_in_sync_group, 0)
            sent = tf.where(first, flat, tf.zeros_like(flat))
            return context.all_reduce(tf.distribute.ReduceOp.SUM, sent)

        return _on_this_worker(self.strategy, self.strategy.run(one, args=(flat,)))

    @contextlib.contextmanager
    def noticing_losses(self) -> Iterator[None]:
        """Turns TensorFlow's errors about a worker that has gone into a `WorkerLostError`."""
        try:
            yield
        except (
            tf.errors.UnavailableError,
            tf.errors.AbortedError,
            tf.errors.CancelledError,
            tf.errors.InternalError,
            tf.errors.FailedPreconditionError,
            tf.errors.DeadlineExceededError,
        ) as error:
            if self.workers == 1:
                raise
            # A pool of threads that TensorFlow left in them would complain at Python's end.
            traceback.clear_frames(error.__traceback__)
            raise WorkerLostError(
                f"worker {self.worker} of {self.workers}: another worker has gone; start all of "
                "them again with --resume"
            ) from error


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Gives one model the weights of another, of which either may be replicated.

    `set_weights` would ask the other workers, since the metrics' variables are among the weights.
    """
    for theirs, ours in zip(source.weights, target.weights):
        if _is_replicated(ours):
            ours.assign(tf.convert_to_tensor(theirs))


def _is_replicated(variable: tf.Variable) -> bool:
    """Whether all replicas hold the same value; a metric's variables hold each its own part."""
    return tensorflow_variable(variable).synchronization != tf.VariableSynchronization.ON_READ


def _on_this_worker(strategy: tf.distribute.Strategy, value: Any) -> tf.Tensor:
    """A replicated value as this worker's first replica has it."""
    return strategy.experimental_local_results(value)[0]
