"""Contexts are found where bits depend on one another, and what they save is saved in files."""

import numpy as np
import pytest

from tfcomp.bitstream import range_coder
from tfcomp.entropy_kinds.bits import sections as bit_sections
from tfcomp.entropy_kinds.bits.layout import NOTHING
from tfcomp.entropy_kinds.bits.prior import BitPrior

SENT = (2, 6)


def codes(count, height=8, width=8, seed=0):
    """Random bits, but: channel 3 repeats channel 0 of the place above in nine cases of ten,
    channel 5 is the exclusive or of channels 0 and 1 here, channel 4 is 1 in one case of twenty."""
    random = np.random.default_rng(seed)
    bits = random.integers(0, 2, (count, height, width, 6), np.uint8)
    above = np.pad(bits[:, :-1, :, 0], ((0, 0), (1, 0), (0, 0)))
    bits[..., 3] = above ^ (random.random(above.shape) < 0.1)
    bits[..., 4] = random.random(above.shape) < 0.05
    bits[..., 5] = bits[..., 0] ^ bits[..., 1]
    return bits


def fitted(checkerboard=0, rows_per_stream=3, **changes):
    settings = {"context_bits": 4, **changes}
    prior = BitPrior(SENT, (2, 4), checkerboard, rows_per_stream, **settings)
    prior.fit(codes(200))
    return prior


def stream_bits(prior, bits, quality=2):
    tables = prior.freeze()
    coded = [bit_sections.encode(b, quality, tables, prior.layout, range_coder) for b in bits]
    return 8 * sum(len(section) for (section,) in coded) / len(bits)


def test_a_bit_that_follows_another_has_that_one_as_its_context():
    contexts = fitted().layout.contexts
    above_in_channel_0 = 9 * 0 + 3 * 0 + 1
    assert contexts[3][0] == above_in_channel_0
    for independent in (0, 1, 2, 4):
        assert set(contexts[independent]) == {NOTHING}


def test_rare_bits_and_foretold_bits_cost_what_their_entropy_says():
    prior = fitted(rows_per_stream=64)
    test = codes(50, 32, 32, seed=1)

    def entropy(p):
        return -(p * np.log2(p) + (1 - p) * np.log2(1 - p))

    # Channels 0 to 2 at random; 5 follows 0 and 1 together but neither alone, so it is not found.
    expected = 32 * 32 * (3 + entropy(0.1) + entropy(0.05) + 1)
    assert stream_bits(prior, test) == pytest.approx(expected, rel=0.02)


def test_contexts_save_bytes_that_probabilities_alone_do_not():
    prior = fitted()
    test = codes(20, 16, 16, seed=2)
    with_contexts = stream_bits(prior, test)
    prior.places.assign(np.full(prior.places.shape, NOTHING))
    together = prior.counts.numpy().sum(1, keepdims=True)
    prior.counts.assign(np.repeat(together, prior.counts.shape[1], 1))
    assert with_contexts < 0.93 * stream_bits(prior, test)


@pytest.mark.parametrize("checkerboard", [0, 1, 2])
@pytest.mark.parametrize("height, width", [(1, 1), (3, 5), (7, 2), (9, 9)])
def test_bits_come_back_at_every_quality_and_size(checkerboard, height, width):
    prior = fitted(checkerboard)
    bits = codes(1, height, width, seed=3)[0]
    tables = prior.freeze()
    for quality, sent in enumerate(SENT, 1):
        sections = bit_sections.encode(bits, quality, tables, prior.layout, range_coder)
        back = bit_sections.decode(
            sections, quality, height, width, tables, prior.layout, range_coder
        )
        np.testing.assert_array_equal(back[..., :sent], bits[..., :sent])
        assert not back[..., sent:].any()


def test_a_checkerboard_sees_its_neighbours():
    smooth = np.repeat(np.repeat(codes(100, 8, 8), 2, 1), 2, 2)
    plain, board = BitPrior(SENT, (2, 4), 0), BitPrior(SENT, (2, 4), 1)
    plain.fit(smooth)
    board.fit(smooth)
    assert stream_bits(board, smooth[:20], 1) < 0.8 * stream_bits(plain, smooth[:20], 1)


def test_tables_are_counts_and_nothing_else():
    prior = fitted()
    again = fitted()
    assert prior.freeze()["latents"].digest() == again.freeze()["latents"].digest()
    tables, counts = prior.freeze()["latents"], prior.counts.numpy().reshape(-1, 2)
    for number in (0, 17, tables.count - 1):
        zeros, ones = counts[number]
        cut = tables.cdf[tables.starts[number] + 2]
        assert cut / 2**16 == pytest.approx((zeros + 0.5) / (zeros + ones + 1), abs=2**-16)
