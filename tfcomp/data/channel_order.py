"""A look at arrays before a training: files whose channels stand in another order than the others'.

Arrays say nothing of the order of their channels, so that one file of BGR among RGB goes unseen.
"""

from __future__ import annotations

import logging

import numpy as np

from tfcomp.data.indexed_source import IndexedSource
from tfcomp.images.channel_order import fits_in_another_order

logger = logging.getLogger(__name__)

_LOOKED_AT = 24  # files
_FEWEST = 6  # to tell what is usual
_NAMED = 3
_DEVIATION = 1.4826  # of a normal distribution, from its median absolute deviation


def warn_of_odd_order(source: IndexedSource) -> None:
    """Reads some pictures, and logs a warning that names those whose means fit in another order."""
    if source.spec.channels < 2 or source.count < _FEWEST:
        return
    numbers = np.unique(np.linspace(0, source.count - 1, _LOOKED_AT).astype(int))
    # A file is taken to have one order throughout, so one picture of each tells it.
    one_each = {source.place(int(number)).file: int(number) for number in numbers}
    if len(one_each) < _FEWEST:
        return
    found = {number: source.read(number) for number in one_each.values()}
    means = {
        number: samples.mean((0, 1), dtype=np.float64)
        for number, samples in found.items()
        if samples is not None
    }
    if len(means) < _FEWEST:
        return
    usual = np.median(list(means.values()), axis=0)
    spread = _DEVIATION * np.median(np.abs(np.array(list(means.values())) - usual), axis=0)
    odd = [
        number
        for number, each in means.items()
        if fits_in_another_order(each, usual, spread, source.spec.peak)
    ]
    if odd:
        files = list(dict.fromkeys(source.place(number).file for number in odd))
        logger.warning(
            "%s: channels may stand in another order in %s%s: their means are %s, and %s in most "
            "pictures",
            source.name,
            ", ".join(files[:_NAMED]),
            f" and {len(files) - _NAMED} more" if len(files) > _NAMED else "",
            _in_words(means[odd[0]]),
            _in_words(usual),
        )


def _in_words(means: np.ndarray) -> str:
    return ", ".join(f"{mean:.4g}" for mean in means)
