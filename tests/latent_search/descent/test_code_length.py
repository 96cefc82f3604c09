"""The differentiable cost is what the range coder spends."""

import numpy as np
import pytest
import tensorflow as tf

from tfcomp.bitstream import range_coder
from tfcomp.entropy_kinds.relaxed.code_length import CodeLength
from tfcomp.runtime.bundle import Bundle


@pytest.fixture
def tables(factorized_folder):
    return Bundle.read(factorized_folder).tables["latents"]


def bits(length, symbols, index):
    return length(tf.constant(symbols, tf.float32), tf.constant(index, tf.float32)).numpy()


@pytest.mark.parametrize("first", [0, 48])
@pytest.mark.parametrize("spread", [2.0, 20.0])  # 20: a third of the values are escaped
def test_whole_symbols_cost_what_the_file_spends(tables, first, spread):
    rng = np.random.default_rng(3)
    index = rng.integers(0, 48, 20_000).astype(np.int32)
    symbols = np.clip(np.rint(rng.laplace(0, spread, index.shape)), -14, 14).astype(np.int32)
    spent = 8 * len(range_coder.encode(symbols, index + first, tables))
    told = bits(CodeLength(tables, first, 48), symbols, index).sum()
    assert abs(told - spent) < 0.003 * spent + 0.1 * np.sum(np.abs(symbols) > 12)


def test_between_two_symbols_the_cost_lies_between(tables):
    length = CodeLength(tables)
    at = bits(length, [1.0, 2.0, 1.25, -1.25], [5] * 4)
    assert at[0] < at[2] < at[1]
    np.testing.assert_allclose(at[2], 0.75 * at[0] + 0.25 * at[1], rtol=1e-5)


def test_gradients_are_the_slopes_of_the_cost(tables):
    length = CodeLength(tables)
    symbols, index = tf.constant([0.5, 3.25, -2.5]), tf.constant([3.0, 4.0, 7.0])
    with tf.GradientTape() as tape:
        tape.watch([symbols, index])
        total = tf.reduce_sum(length(symbols, index))
    by_symbol, by_index = tape.gradient(total, [symbols, index])
    near = 0.125
    slope = (bits(length, symbols + near, index) - bits(length, symbols - near, index)) / near / 2
    np.testing.assert_allclose(by_symbol, slope, rtol=1e-3)
    slope = (bits(length, symbols, index + 1) - bits(length, symbols, index - 1)) / 2
    np.testing.assert_allclose(by_index, slope, rtol=1e-3, atol=1e-5)
    assert np.all(np.sign(by_symbol) == np.sign(symbols))


def test_far_symbols_stay_finite(tables):
    assert np.isfinite(bits(CodeLength(tables), [1e6, -1e6], [0, 0])).all()
