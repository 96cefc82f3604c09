import pytest

from tfcomp.errors import ConfigError
from tfcomp.evaluation.curves import Point, bd_rate, parse_psnr_range

ANCHOR = [Point(1, 0.2, 27), Point(2, 0.4, 30), Point(3, 0.8, 33), Point(4, 1.6, 36)]
HALF = [Point(p.quality, p.bpp / 2, p.psnr) for p in ANCHOR]


def test_bd_rate_of_half_the_bytes_at_equal_psnr_is_minus_50_percent():
    found = bd_rate(ANCHOR, HALF)
    assert found.percent == pytest.approx(-50, abs=0.1)
    assert (found.low, found.high) == (27, 36)


def test_the_range_is_what_both_curves_cover():
    found = bd_rate(ANCHOR, HALF[1:])
    assert (found.low, found.high) == (30, 36)
    assert bd_rate(ANCHOR, [Point(1, 2, 40), Point(2, 3, 44)]) is None


def test_a_range_that_is_asked_for_holds_the_comparison_to_it():
    """The second curve halves the bytes up to 30 dB and saves nothing from 33 dB on."""
    anchor = [Point(i, 0.2 * 2**i, 24 + 3 * i) for i in range(7)]
    test = [Point(i, p.bpp / 2 if i <= 2 else p.bpp, p.psnr) for i, p in enumerate(anchor)]
    below, above = bd_rate(anchor, test, (20, 27)), bd_rate(anchor, test, (36, 50))
    assert (below.low, below.high, above.low, above.high) == (24, 27, 36, 42)
    assert below.percent == pytest.approx(-50, abs=0.1)
    assert above.percent == pytest.approx(0, abs=0.1)
    assert -50 < bd_rate(anchor, test).percent < 0


def test_a_range_as_wide_as_the_curves_changes_nothing():
    test = [Point(1, 0.11, 26.5), Point(2, 0.3, 30.5), Point(3, 0.6, 33.1), Point(4, 1.5, 37)]
    assert bd_rate(ANCHOR, test, (0, 99)).percent == pytest.approx(
        bd_rate(ANCHOR, test).percent, abs=0.01
    )


def test_points_that_buy_nothing_and_lossless_ones_do_not_count():
    spoilt = [*HALF, Point(5, 0.5, 28), Point(6, 3, 36), Point(7, 9, float("inf"))]
    assert bd_rate(ANCHOR, spoilt).percent == pytest.approx(-50, abs=0.1)


@pytest.mark.parametrize("text", ["27", "36,27", "a,b", "27,36,40", "nan,30", "", "27,inf"])
def test_a_range_that_is_none_is_refused(text):
    with pytest.raises(ConfigError, match="PSNR range"):
        parse_psnr_range(text)


def test_a_range_is_two_numbers():
    assert parse_psnr_range("27,36.5") == (27, 36.5)
