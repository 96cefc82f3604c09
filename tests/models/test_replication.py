import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import ROOT
from tfcomp.models import replication


def test_images_are_numbered_over_the_whole_training():
    images = tf.zeros([3, 8, 8, 3])
    np.testing.assert_array_equal(replication.image_numbers(images, tf.constant(2)), [6, 7, 8])


def test_an_images_quality_follows_from_seed_and_number_and_takes_every_value():
    numbers = tf.range(200, dtype=tf.int64)
    whole = replication.draw_quality(1, numbers, 3).numpy()
    np.testing.assert_array_equal(replication.draw_quality(1, numbers[70:90], 3), whole[70:90])
    assert not np.array_equal(replication.draw_quality(2, numbers, 3), whole)
    assert min(np.bincount(whole, minlength=4)[1:]) > 40 and set(whole) == {1, 2, 3}


@pytest.mark.parametrize(
    ("count", "share", "taken"), [(0, 4, [0, 1, 2, 3]), (2, 8, [0, 4]), (3, 8, [0, 2, 4]),
                                  (1, 8, [0]), (9, 4, [0, 1, 2, 3])]
)
def test_some_images_are_taken_evenly_over_the_batch(count, share, taken):
    assert list(range(share)[replication.spread_over_batch(count, share)]) == taken


_TWO_DEVICES = """
import numpy as np, tensorflow as tf
from tfcomp.models import replication
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    variable = tf.Variable([0.0, 0.0])
    optimizer = tf.keras.optimizers.SGD(1.0)
    optimizer.build([variable])

@tf.function
def step():
    def one():
        number = tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, tf.float32)
        gradient = (1.0 - number) * tf.constant([30.0, 40.0])
        replication.apply_gradients(optimizer, [gradient, None], [variable, None], 10.0)
        return replication.image_numbers(tf.zeros([2, 1]), 5), tf.range(4)[
            replication.spread_over_batch(4, 4)
        ]
    return strategy.run(one)

numbers, some = step()
print([each.tolist() for each in map(np.asarray, strategy.experimental_local_results(numbers))])
print([each.tolist() for each in map(np.asarray, strategy.experimental_local_results(some))])
print(*[np.round(replica.numpy(), 4).tolist() for replica in variable.values])
"""


def test_gradients_are_averaged_over_devices_and_then_clipped():
    """The mean of (30, 40) and (0, 0) has norm 25; clipped to 10 it is (6, 8).

    Clipped first it would be (3, 4); summed, as Keras does, twice that.
    """
    output = subprocess.run(
        [sys.executable, "-c", _TWO_DEVICES],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    ).stdout.splitlines()
    assert output[0] == "[[20, 21], [22, 23]]"
    assert output[1] == "[[0, 2], [0, 2]]"
    assert output[2] == "[-6.0, -8.0] [-6.0, -8.0]"
