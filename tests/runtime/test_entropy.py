"""The layout of a section is the one the format promises."""

import numpy as np
import pytest

from tests.bundle_factory import CHANNELS
from tfcomp.bitstream import range_coder
from tfcomp.bitstream.rows import pack_rows, unpack_rows
from tfcomp.entropy_kinds.factorized import coder as entropy
from tfcomp.errors import BitstreamError
from tfcomp.runtime.bundle import Bundle


@pytest.fixture(scope="module")
def coder(bundle_folder):
    bundle = Bundle.read(bundle_folder)
    return entropy.FactorizedCoder(bundle.tables, 2, CHANNELS), bundle.tables["latents"]


def latents(height: int, width: int) -> np.ndarray:
    random = np.random.default_rng(height)
    return random.laplace(0, 3, (height, width, CHANNELS)).round().astype(np.int32)


@pytest.mark.parametrize("quality", [1, 2])
def test_channel_c_at_quality_q_has_table_q_minus_1_times_channels_plus_c(coder, quality):
    factorized, tables = coder
    values = latents(3, 4)
    streams = []
    for row in values:
        index = [(quality - 1) * CHANNELS + c for _ in range(4) for c in range(CHANNELS)]
        streams.append(range_coder.encode(row.reshape(-1), np.array(index, np.int32), tables))
    assert factorized.encode(values, quality) == (pack_rows(streams),)


@pytest.mark.parametrize("height", [1, entropy._ROWS_AT_ONCE, 2 * entropy._ROWS_AT_ONCE + 3])
def test_any_number_of_rows_comes_back(coder, height):
    factorized, _ = coder
    values = latents(height, 2)
    sections = factorized.encode(values, 2)
    assert len(unpack_rows(sections[0], height)) == height
    np.testing.assert_array_equal(factorized.decode(sections, 2, height, 2), values)


def test_latents_that_no_network_gives_are_refused(coder):
    factorized, _ = coder
    for value in (entropy.MAX_LATENT, -entropy.MAX_LATENT):
        values = np.full((1, 1, CHANNELS), value, np.int32)
        sections = factorized.encode(values, 1)
        np.testing.assert_array_equal(factorized.decode(sections, 1, 1, 1), values)
        sections = factorized.encode(values + np.sign(value), 1)
        with pytest.raises(BitstreamError, match="impossible"):
            factorized.decode(sections, 1, 1, 1)
