"""What a lesson says at its end, from figures of held-out pictures."""

import re
from types import SimpleNamespace

import pytest

from tfcomp.evaluation.measuring import Measurement
from tfcomp.evaluation.results import Entry
from tfcomp.teaching import verdict


def entry(name: str, bits: float) -> Entry:
    """A codec that needs so many times the bits of another at every PSNR."""
    found = [
        Measurement("a", quality, 1, bits * 2**quality, 25 + 4 * quality, None, None, 1, 1, 1, 1)
        for quality in range(4)
    ]
    return Entry(name, "codec", "", found, None, None)


def said(**bits: float) -> list[str]:
    """Of the taught model, the one that it started from, and codecs, in this order."""
    entries = [entry(name, number) for name, number in bits.items()]
    return list(verdict.lines(SimpleNamespace(entries=entries)))


def test_each_difference_is_of_bytes_at_equal_psnr():
    lines = said(mine=0.8, general=1.0, jpeg=1.6, avif=0.75)
    assert lines[:3] == [
        "against general      20.0 % fewer bytes at equal PSNR",
        "against jpeg         50.0 % fewer bytes at equal PSNR",
        "against avif         6.7 % more bytes at equal PSNR",
    ]


@pytest.mark.parametrize(
    "bits, words",
    [
        ({"mine": 0.8, "general": 1.0, "avif": 0.9}, ["it pays: .* nearer than avif"]),
        ({"mine": 0.8, "general": 1.0, "avif": 0.8}, ["it does not pay: avif"]),
        ({"mine": 0.99, "general": 1.0, "avif": 1.5}, ["teaching brought nothing: general"]),
        ({"mine": 1.2, "general": 1.0, "avif": 1.5}, ["teaching brought nothing: general"]),
        ({"mine": 1.2, "general": 1.0, "avif": 1.1}, ["it does not pay", "brought nothing"]),
    ],
    ids=["better than all", "a codec is as good", "as before", "worse", "worse than both"],
)
def test_what_to_use_is_said(bits, words):
    lines = said(**bits)[len(bits) - 1 :]
    assert len(lines) == len(words)
    for line, pattern in zip(lines, words):
        assert re.search(pattern, line)


def test_of_a_start_that_codes_no_such_pictures_nothing_is_said():
    entries = [entry("mine", 0.8), entry("jpeg2000", 1.0), entry("jxl", 0.9)]
    lines = list(verdict.lines(SimpleNamespace(entries=entries), has_untaught=False))
    assert [line.split()[1] for line in lines[:2]] == ["jpeg2000", "jxl"]
    assert lines[2:] == ["it pays: no codec measured here comes nearer than jxl"]
    alone = list(verdict.lines(SimpleNamespace(entries=entries[:1]), has_untaught=False))
    assert alone == ["no codec is here that it could be compared with"]
