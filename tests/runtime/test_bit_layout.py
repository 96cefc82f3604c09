"""A manifest's description of a code made of bits is read back, or refused with a reason."""

import pytest

from tfcomp.entropy_kinds.bits.layout import BitLayout
from tfcomp.errors import BundleError

# Two channels in two passes each see nothing and their neighbours; two more see the first two.
CONTEXTS = ((-1, -1), (-1, -1), (3, 10), (5, -1), (0, 17), (4, -1))
LAYOUT = BitLayout((2, 2), 1, 8, (1, 4), CONTEXTS)


def test_what_is_written_is_read_back():
    assert BitLayout.from_manifest(LAYOUT.to_manifest(), 4, 2) == LAYOUT


def test_a_quality_has_the_passes_of_what_it_sends():
    assert [step.channels for step, _, _ in LAYOUT.passes_of(1)] == [1, 1]
    assert [(first, seen) for _, first, seen in LAYOUT.passes_of(2)] == [(0, 0), (2, 2), (4, 2)]
    assert LAYOUT.streams(1, 17) == 2 * 3
    assert LAYOUT.streams(2, 8) == 3


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"groups": [2, 3]}, "add up"),
        ({"groups": []}, "whole numbers"),
        ({"groups": [4.0]}, "whole numbers"),
        ({"sent": [4, 1]}, "rise"),
        ({"sent": [4]}, "each quality"),
        ({"checkerboard": 3}, "checkerboard"),
        ({"checkerboard": None}, "checkerboard"),
        ({"rows_per_stream": 0}, "rows_per_stream"),
        ({"contexts": None}, "missing"),
        ({"contexts": [7] * 6}, "lines of numbers"),
        ({"contexts": ["x y"] * 6}, "lines of numbers"),
        ({"contexts": ["-1 -1"] * 5}, "one entry"),
        ({"contexts": ["-1 -1"] * 5 + ["-1"]}, "equally long"),
        ({"contexts": ["-1 -1"] * 5 + ["-1 18"]}, "earlier passes"),
        ({"contexts": ["0 -1", *["-1 -1"] * 5]}, "earlier passes"),
        ({"contexts": ["-2 -1", *["-1 -1"] * 5]}, "earlier passes"),
        ({"contexts": [" ".join(["-1"] * 11)] * 6}, "1 to 10"),
    ],
)
def test_a_layout_that_is_not_sound_is_refused(changes, message):
    with pytest.raises(BundleError, match=message):
        BitLayout.from_manifest({**LAYOUT.to_manifest(), **changes}, 4, 2)
