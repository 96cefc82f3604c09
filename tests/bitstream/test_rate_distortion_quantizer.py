import numpy as np
import pytest

from tests.bundle_factory import _laplace_table
from tfcomp.bitstream.rate_distortion_quantizer import quantize, threshold_shifts
from tfcomp.bitstream.tables import CdfTables


@pytest.fixture(scope="module")
def tables():
    parts = [_laplace_table(spread) for spread in (0.4, 3.0)]
    return CdfTables(
        np.concatenate(parts), np.full(2, -12, np.int32), np.zeros(2, np.float32)
    )


def bits(tables, number, value):
    start = tables.starts[number] + 1
    at = start + value + 12
    return -np.log2((tables.cdf[at + 1] - tables.cdf[at]) / 2.0**16)


def test_every_value_goes_where_bits_plus_weighted_error_are_least(tables):
    weight = 5.0
    shifts = threshold_shifts(tables, weight)
    residual = np.linspace(-7.3, 7.3, 1461).astype(np.float32)
    for number in (0, 1):
        result = quantize(residual, np.full(residual.shape, number), shifts)
        for x, chosen in zip(residual, result):
            nearest = int(np.rint(abs(x)))
            costs = {
                k: bits(tables, number, k) + weight * (k - abs(x)) ** 2
                for k in (nearest, nearest - 1)
                if k >= 0
            }
            best = min(costs, key=costs.get)
            close = abs(costs[best] - costs[abs(int(chosen))]) < 1e-3
            # The shift is bounded, which keeps rare values from being thrown away.
            bounded = shifts[number, min(nearest, 16)] >= 0.6 - 1e-6
            assert abs(int(chosen)) == best or close or bounded
            assert chosen * x >= 0


def test_no_weight_rounds_to_nearest(tables):
    residual = np.array([-300.7, -0.51, -0.49, 0.0, 0.3, 1.7, 25.2], np.float32)
    result = quantize(residual, np.zeros(7, np.int32), threshold_shifts(tables, None))
    np.testing.assert_array_equal(result, [-301, -1, 0, 0, 0, 2, 25])


def test_the_larger_the_weight_the_closer_to_rounding(tables):
    residual = np.random.default_rng(1).normal(0, 1.5, 5000).astype(np.float32)
    zeros = np.zeros(5000, np.int32)
    moved = [
        np.sum(quantize(residual, zeros, threshold_shifts(tables, w)) != np.rint(residual))
        for w in (5.0, 20.0, 80.0)
    ]
    assert moved[0] > moved[1] > moved[2] > 0


def test_a_table_of_the_escape_symbol_alone_rounds_to_nearest(tables):
    cdf = np.concatenate([[-16, 0, 1 << 16], tables.cdf])
    with_one = CdfTables(cdf, np.full(3, -12, np.int32), np.zeros(3, np.float32))
    shifts = threshold_shifts(with_one, 30.0)
    assert not shifts[0].any()
    np.testing.assert_array_equal(shifts[1:], threshold_shifts(tables, 30.0))
    residual = np.array([-20.7, -0.6, 0.4, 1.7], np.float32)
    result = quantize(residual, np.zeros(4, np.int32), shifts)
    np.testing.assert_array_equal(result, [-21, -1, 0, 2])


def test_absurd_values_stay_bounded(tables):
    residual = np.array([np.inf, -np.inf, 1e30], np.float32)
    result = quantize(residual, np.zeros(3, np.int32), threshold_shifts(tables, 50.0))
    np.testing.assert_array_equal(result, [2**20, -(2**20), 2**20])
