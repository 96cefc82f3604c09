"""Which codec wins at which measure, at equal bits/pixel."""

import math

import pytest

from tfcomp.evaluation.equal_rate import at_rate, table, winners
from tfcomp.evaluation.measuring import Measurement
from tfcomp.evaluation.results import Entry


def _entry(name, points):
    """points: (bits/pixel, PSNR, LPIPS)"""
    found = [
        Measurement("a", quality, 1, bpp, psnr, None, None, 1, 1, 1, 1, lpips)
        for quality, (bpp, psnr, lpips) in enumerate(points)
    ]
    return Entry(name, "codec", "", found, None, None)


SHARP = _entry("sharp", [(0.125, 24, 0.4), (0.5, 28, 0.1), (2, 36, 0.02)])
SMOOTH = _entry("smooth", [(0.2, 27, 0.5), (0.8, 31, 0.3)])


def test_a_value_lies_between_its_neighbours_by_the_logarithm_of_the_rate():
    assert at_rate(SHARP, "psnr", 0.25) == pytest.approx(26)
    assert at_rate(SHARP, "lpips", 1.0) == pytest.approx(0.06)
    assert at_rate(SMOOTH, "psnr", 1.0) is None  # the curve ends before
    assert at_rate(SMOOTH, "ms_ssim_db", 0.25) is None
    assert at_rate(_entry("lossless", [(9, math.inf, 0)]), "psnr", 9) is None


def test_more_psnr_and_less_lpips_win():
    found = {(r["metric"], r["rate"]): r["best"] for r in winners([SHARP, SMOOTH])}
    assert found == {
        ("psnr", 0.25): "smooth",
        ("psnr", 0.5): "smooth",
        ("lpips", 0.25): "sharp",
        ("lpips", 0.5): "sharp",
    }


def test_the_table_prints_the_best_in_bold():
    lines = table([SHARP, SMOOTH])
    assert lines[0] == "| bits/pixel | measure | sharp | smooth |"
    assert lines[2].startswith("| 0.25 | PSNR, dB | 26.00 | **27.")
    assert lines[-1].startswith("| 0.5 | LPIPS | **0.1000** | 0.3")
    assert table([SHARP]) == []
