import numpy as np
import pytest
import tensorflow as tf

from tfcomp.entropy_kinds.factorized.prior import FactorizedPrior


@pytest.fixture(scope="module")
def prior():
    tf.random.set_seed(5)
    prior = FactorizedPrior(3)
    prior.set_units(np.array([0.3, 1.0, 2.0]))
    return prior


def _probabilities(tables, table):
    start, end = tables.starts[table], tables.starts[table + 1]
    precision, cdf = -tables.cdf[start], tables.cdf[start + 1 : end]
    return np.diff(cdf) / 2.0**precision


def test_frozen_tables_hold_the_probabilities_that_training_paid_for(prior):
    gains = np.array([[1.0, 1.0, 1.0], [4.0, 4.0, 4.0]], np.float32)
    tables = prior.freeze(gains)["latents"]
    assert len(tables.cdf_offset) == 6
    for quality in range(2):
        for channel in range(3):
            table = quality * 3 + channel
            probabilities = _probabilities(tables, table)
            for symbol in (-2, 0, 1):
                one = np.zeros([1, 1, 1, 3], np.float32)
                one[..., channel] = symbol
                zero = np.zeros([1, 1, 1, 3], np.float32)
                # Bits of one channel: the others' zeros cancel.
                gain = tf.constant(gains[quality : quality + 1])
                difference = float(
                    (prior.bits(tf.constant(one), gain) - prior.bits(tf.constant(zero), gain))[0]
                )
                offset = tables.cdf_offset[table]
                expected = np.log2(probabilities[-offset] / probabilities[symbol - offset])
                assert difference == pytest.approx(expected, abs=0.05)


def test_a_finer_step_costs_more_bits(prior):
    y = tf.random.stateless_normal([1, 8, 8, 3], seed=(2, 2))
    bits = [
        float(prior.bits(tf.round(y * g), tf.fill([1, 3], g))[0]) for g in (1.0, 4.0, 16.0, 64.0)
    ]
    assert bits == sorted(bits)
    # At high rate each halving of the step costs one bit a value.
    assert (bits[3] - bits[2]) / (2 * 8 * 8 * 3) == pytest.approx(1.0, abs=0.1)


def test_symbols_far_out_cost_finite_bits_with_finite_gradients(prior):
    symbols = tf.constant(1e6, shape=[1, 1, 1, 3])
    with tf.GradientTape() as tape:
        tape.watch(symbols)
        bits = prior.bits(symbols, tf.ones([1, 3]))
    assert np.all(np.isfinite(bits))
    assert np.all(np.isfinite(tape.gradient(bits, symbols)))
