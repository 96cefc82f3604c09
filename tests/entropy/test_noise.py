import numpy as np
import tensorflow as tf

from tfcomp.entropy import noise


def _drawn(numbers, seed=3, calls=1):
    with noise.numbered(seed, tf.constant(numbers, tf.int64)):
        return [noise.uniform(tf.zeros([len(numbers), 4, 5, 2])).numpy() for _ in range(calls)]


def test_an_images_noise_follows_from_its_number_alone():
    (whole,) = _drawn([4, 5, 6, 7])
    (part,) = _drawn([6, 7])
    np.testing.assert_array_equal(whole[2:], part)
    traced = tf.function(lambda: _traced([6, 7]))()
    np.testing.assert_array_equal(traced, part)


def _traced(numbers):
    with noise.numbered(3, tf.constant(numbers, tf.int64)):
        return noise.uniform(tf.zeros([len(numbers), 4, 5, 2]))


def test_images_calls_and_seeds_have_noise_of_their_own():
    first, second = _drawn([0, 1], calls=2)
    (other,) = _drawn([0, 1], seed=4)
    drawn = [first[0], first[1], second[0], second[1], other[0]]
    assert len({each.tobytes() for each in drawn}) == 5


def test_noise_fills_one_step_evenly():
    with noise.numbered(0, tf.constant([0], tf.int64)):
        drawn = noise.uniform(tf.zeros([1, 100_000])).numpy()
    assert -0.5 <= drawn.min() < -0.49 and 0.49 < drawn.max() < 0.5
    counts, _ = np.histogram(drawn, bins=10, range=(-0.5, 0.5))
    np.testing.assert_allclose(counts, 10_000, rtol=0.05)


def test_outside_the_block_the_noise_is_tensorflows_own():
    with noise.numbered(0, tf.constant([0], tf.int64)):
        noise.uniform(tf.zeros([1, 8]))
    one, two = (noise.uniform(tf.zeros([1, 8])).numpy() for _ in range(2))
    assert not np.array_equal(one, two)
