"""TensorFlow Compression as the referee of tfcomp's own densities, tables and coder."""

import numpy as np
import pytest
import tensorflow as tf

from tests import needs
from tfcomp.entropy import own_backend
from tfcomp.entropy_kinds.factorized.prior import FactorizedPrior
from tfcomp.entropy_kinds.hyperprior.prior.scale_ladder import SCALE_TABLE

pytest.importorskip("tensorflow_compression", reason=needs.TENSORFLOW_COMPRESSION)
from tfcomp.entropy import tfc_backend  # noqa: E402

CHANNELS = 12


@pytest.fixture(scope="module")
def priors():
    """One and the same prior with TFC's density and with ours: skewed, of many widths."""
    theirs, ours = FactorizedPrior(CHANNELS, "tfc"), FactorizedPrior(CHANNELS, "own")
    rng = np.random.default_rng(1)
    for name in ("_matrices", "_biases", "_factors"):
        for mine, their in zip(getattr(ours._density, name), getattr(theirs._density, name)):
            assert mine.shape == their.shape
            value = their.numpy() + rng.normal(0, 0.5, their.shape).astype(np.float32)
            mine.assign(value)
            their.assign(value)
    for prior in (ours, theirs):
        prior.set_units(np.geomspace(0.1, 5.0, CHANNELS))
    return ours, theirs


def masses(tables, number):
    """{symbol: how many 65536ths it has} of one table, and "escape"."""
    start, end = tables.starts[number], tables.starts[number + 1]
    assert tables.cdf[start] == -16
    counts = np.diff(tables.cdf[start + 1 : end])
    found = {int(tables.cdf_offset[number]) + i: int(c) for i, c in enumerate(counts[:-1])}
    return {**found, "escape": int(counts[-1])}


def assert_same_tables(ours, theirs):
    assert len(ours.cdf_offset) == len(theirs.cdf_offset)
    for number in range(len(ours.cdf_offset)):
        mine, their = masses(ours, number), masses(theirs, number)
        assert mine.keys() == their.keys()
        assert max(abs(mine[symbol] - their[symbol]) for symbol in mine) <= 1


def test_a_density_has_the_cumulatives_of_tfc(priors):
    ours, theirs = priors
    values = tf.random.stateless_normal([2, 4, 4, CHANNELS], seed=(1, 1)) * 9
    np.testing.assert_allclose(
        tf.sigmoid(ours._density._logits_cumulative(values)),
        theirs._density.cdf(values),
        rtol=1e-5,
        atol=1e-7,
    )


def test_a_density_starts_as_wide_as_one_of_tfc():
    ours, theirs = FactorizedPrior(CHANNELS, "own"), FactorizedPrior(CHANNELS, "tfc")
    for mine, their in zip(ours._density._matrices, theirs._density._matrices):
        np.testing.assert_allclose(mine, their, rtol=1e-6)


def test_bits_are_those_of_the_cumulatives_of_tfc(priors):
    ours, theirs = priors
    symbols = tf.random.stateless_normal([2, 4, 4, CHANNELS], seed=(1, 1)) * 3
    unit = tf.exp(ours.log_unit)
    upper = theirs._density.cdf((symbols + 0.5) / unit)
    lower = theirs._density.cdf((symbols - 0.5) / unit)
    expected = -tf.reduce_sum(tf.math.log(upper - lower), (1, 2, 3)) / np.log(2.0)
    np.testing.assert_allclose(ours.bits(symbols, tf.ones([2, CHANNELS])), expected, rtol=1e-3)


def test_the_tables_of_learned_densities_are_tfcs_to_one_65536th(priors):
    gains = np.repeat(np.geomspace(0.5, 20.0, 4)[:, None], CHANNELS, 1).astype(np.float32)
    ours, theirs = (prior.freeze(gains)["latents"] for prior in priors)
    assert_same_tables(ours, theirs)


@pytest.mark.parametrize("mixed", [False, True], ids=["gaussians", "mixtures"])
def test_the_tables_of_the_ladder_are_tfcs_to_one_65536th(mixed):
    tails = ()
    if mixed:
        tails = np.linspace(0.01, 0.6, 64), np.linspace(1.2, 3.9, 64)
    scales = [np.asarray(each, np.float32) for each in (SCALE_TABLE, *tails)]
    theirs = tfc_backend.gaussian_tables(*(tf.constant(each) for each in scales))
    assert_same_tables(own_backend.gaussian_tables(*scales), theirs)


def test_files_are_the_same_bytes_whoever_codes_them(priors):
    tables = priors[0].freeze(np.full((1, CHANNELS), 3.0, np.float32))
    latents = np.random.default_rng(2).normal(0, 4, (6, 5, CHANNELS)).astype(np.float32)
    latents[0, 0, 0] = 4000.0  # escaped
    ours, theirs = (prior.encode(latents, 1, tables) for prior in priors)
    assert ours == theirs
    for prior in priors:
        np.testing.assert_array_equal(prior.decode(ours, 1, 6, 5, tables), np.rint(latents))
