import numpy as np
import pytest

from tests import hyperprior_factory
from tfcomp.bitstream import range_coder
from tfcomp.entropy_kinds.hyperprior.prior.scale_ladder import ScaleLadder
from tfcomp.entropy_kinds.hyperprior.prior.table_calibration import SymbolCounter


@pytest.fixture(scope="module")
def tables():
    return ScaleLadder().freeze()


@pytest.fixture(scope="module")
def symbols():
    """Values with heavier tails than a Gaussian's, the tables that they are coded with."""
    random = np.random.default_rng(1)
    index = random.integers(15, 40, 60000).astype(np.int32)
    scale = 0.08 * 1600 ** (index / 63)
    return np.round(random.laplace(0, 0.7 * scale)).astype(np.int32), index


def _calibrated(tables, values, index):
    counter = SymbolCounter(tables)
    assert counter.encode(values, index, tables) == b""
    return counter.fitted()


def test_other_symbols_of_the_same_kind_cost_fewer_bytes(tables, symbols):
    values, index = symbols
    half = len(values) // 2
    fitted = _calibrated(tables, values[:half], index[:half])
    before = len(range_coder.encode(values[half:], index[half:], tables))
    after = len(range_coder.encode(values[half:], index[half:], fitted))
    assert after < 0.99 * before


def test_what_calibrated_tables_write_they_read(tables, symbols):
    values, index = symbols
    values = values.copy()
    values[:5] = [10**4, -(10**4), 0, 1, -1]  # beyond all supports: escapes
    fitted = _calibrated(tables, *symbols)
    data = range_coder.encode(values, index, fitted)
    np.testing.assert_array_equal(range_coder.decode(data, index, fitted), values)


def test_tables_keep_their_supports_and_what_was_never_seen_its_trained_share(tables, symbols):
    fitted = _calibrated(tables, *symbols)
    np.testing.assert_array_equal(fitted.starts, tables.starts)
    np.testing.assert_array_equal(fitted.cdf_offset, tables.cdf_offset)
    start, stop = tables.starts[50:52]  # no symbol was coded with table 50
    np.testing.assert_allclose(fitted.cdf[start:stop], tables.cdf[start:stop], atol=stop - start)
    assert not np.array_equal(fitted.cdf, tables.cdf)


def test_a_symmetric_density_stays_symmetric(tables, symbols):
    values, index = symbols
    fitted = _calibrated(tables, np.abs(values), index)
    start, stop = fitted.starts[25:27]
    mass = np.diff(fitted.cdf[start + 1 : stop])[:-1]
    np.testing.assert_allclose(mass, mass[::-1], atol=1)


def test_values_coded_with_other_tables_do_not_count(tables, symbols):
    counter = SymbolCounter(tables)
    counter.encode(*symbols, ScaleLadder(heavy_tails=True).freeze())
    np.testing.assert_array_equal(counter.fitted().cdf, SymbolCounter(tables).fitted().cdf)


def test_training_ends_with_tables_that_make_smaller_files():
    import tensorflow as tf

    from tfcomp.data.sample_source import sample_images

    model = hyperprior_factory.lively_model()
    trained = model.freeze()
    crops = np.stack([image[:64, :64] for image in sample_images("train").values()])
    picture = tf.cast(crops[:1], tf.float32) / 255.0
    model.use_bundle(trained, bytes(4))
    before = len(model.compress(picture, 2)[0])
    model.finish(tf.data.Dataset.from_tensors(crops).repeat(2))
    after = model.compress(picture, 2)[0]
    assert len(after) < before
    assert model.decompress([after])[0].shape == (64, 64, 3)
