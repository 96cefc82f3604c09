"""Windows refine every latent once and see what is around it."""

import numpy as np
import pytest

from tfcomp.latent_search.descent import windows as module
from tfcomp.latent_search.descent.windows import windows


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (10, 23)])
@pytest.mark.parametrize("reach", [None, 0, 1, 3])
def test_every_latent_is_refined_once(size, reach, monkeypatch):
    monkeypatch.setattr(module, "SIDE_PIXELS", 64)
    counts = np.zeros((*size, 1), int)
    coarse = np.zeros((-(-size[0] // 2), -(-size[1] // 2), 1), int)
    for window in windows(*size, 16, reach):
        seen, seen_coarse = window.seen(counts), window.seen_coarse(coarse)
        assert seen.shape == window.free().shape
        assert seen_coarse.shape == window.free_coarse().shape
        seen += window.free()
        seen_coarse += window.free_coarse()
        grown = window.rows.start - window.seen_rows.start
        assert window.rows.start == 0 or grown >= (reach or 0)
    assert (counts == 1).all() and (coarse == 1).all()


def test_windows_have_one_size_whatever_the_picture():
    assert len(list(windows(32, 32, 16, 4))) == 1
    assert len(list(windows(32, 48, 16, 4))) == 2
    assert len(list(windows(188, 250, 16, 4))) == 48
