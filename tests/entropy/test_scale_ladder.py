import numpy as np
import pytest
import tensorflow as tf

from tfcomp.entropy_kinds.hyperprior.prior.scale_ladder import (
    MAXIMUM_SCALE,
    MINIMUM_SCALE,
    SCALES,
    ScaleLadder,
)


@pytest.fixture(scope="module", params=[False, True], ids=["gaussian", "heavy_tails"])
def ladder(request):
    return ScaleLadder(request.param)


def _bits(ladder, symbols, density):
    symbols = tf.constant(symbols, tf.float32)
    return ladder.bits(symbols, tf.fill(symbols.shape, float(density))).numpy()


@pytest.mark.parametrize("density", [3, 20, 40])
def test_the_probabilities_of_all_symbols_add_up_to_one(ladder, density):
    likely = 2.0 ** -_bits(ladder, np.arange(-200, 201), density)
    assert likely.sum() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("density", [3, 20, 40])
def test_the_tables_hold_the_probabilities_that_training_paid_for(ladder, density):
    tables = ladder.freeze()
    assert tables.count == SCALES
    cumulative, precision, _ = tables.models[density]
    probabilities = np.diff(cumulative) / 2.0**precision
    offset = tables.cdf_offset[density]
    for symbol in (0, 1, -1, 2):
        expected = _bits(ladder, [symbol], density)[0]
        if expected < 10:
            assert -np.log2(probabilities[symbol - offset]) == pytest.approx(expected, abs=0.05)


def test_a_ladder_without_its_narrowest_densities_has_all_the_others():
    whole, short = ScaleLadder(True), ScaleLadder(True, skipped=5)
    for ladder in (whole, short):
        for number, variable in enumerate(ladder.variables):
            variable.assign(tf.random.stateless_normal(variable.shape, (number, 1)) / 10)
    for symbol in (0, 1, 7):
        assert _bits(short, [symbol], 11) == _bits(whole, [symbol], 16)
    tables, left = whole.freeze(), short.freeze()
    assert left.count == short.count == SCALES - 5
    for ours, theirs in zip(left.models, tables.models[5:]):
        np.testing.assert_array_equal(ours[0], theirs[0])


def test_heavy_tails_make_surprises_cheaper_and_the_expected_dearer():
    plain, heavy = ScaleLadder(False), ScaleLadder(True)
    assert _bits(heavy, [5], 25)[0] < _bits(plain, [5], 25)[0] - 1
    assert _bits(heavy, [0], 25)[0] > _bits(plain, [0], 25)[0]


def test_tails_are_learnt_from_symbols_that_have_them():
    heavy = ScaleLadder(True)
    random = np.random.default_rng(1)
    symbols = tf.constant(np.round(random.laplace(0, 2, 20000)), tf.float32)
    index = tf.fill(symbols.shape, float(ScaleLadder.index_of(1.8)))
    optimizer = tf.keras.optimizers.Adam(0.01)
    costs = []
    for _ in range(60):
        with tf.GradientTape() as tape:
            cost = tf.reduce_mean(heavy.bits(symbols, index))
        gradients = tape.gradient(cost, heavy.trainable_variables)
        optimizer.apply_gradients(zip(gradients, heavy.trainable_variables))
        costs.append(float(cost))
    _, counts = np.unique(symbols, return_counts=True)
    shares = counts / len(symbols)
    entropy = -np.sum(shares * np.log2(shares))
    assert costs[-1] < costs[0]
    assert costs[-1] < entropy + 0.03


def test_a_deviations_index_is_its_place_on_the_ladder():
    assert ScaleLadder.index_of(MINIMUM_SCALE) == 0
    assert ScaleLadder.index_of(0.0) == 0
    assert ScaleLadder.index_of(MAXIMUM_SCALE) == pytest.approx(SCALES - 1)
    assert ScaleLadder.index_of(1e9) == SCALES - 1
    middle = np.sqrt(MINIMUM_SCALE * MAXIMUM_SCALE)
    assert ScaleLadder.index_of(middle) == pytest.approx((SCALES - 1) / 2)
