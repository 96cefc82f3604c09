"""Whether a taught model pays, in words, from the benchmark's figures."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

from tfcomp.evaluation.curves import bd_rate
from tfcomp.evaluation.results import Entry, Results

_WORTH_IT = -2.0  # percent


def lines(results: Results, has_untaught: bool = True) -> Iterator[str]:
    """A line for each codec, and one that says what to use.

    Args:
      results: of the benchmark on held-out pictures: the taught model, the model that it started
        from, and classical codecs.
      has_untaught: whether the second is among them; a start of other pictures cannot code these.
    """
    taught, *others = results.entries
    untaught = others.pop(0) if has_untaught else None
    learnt = _difference(untaught, taught) if untaught else None
    start = Path(untaught.name).name if untaught else None
    found = {entry.name: _difference(entry, taught) for entry in others}
    before = {start: learnt} if start else {}
    if not (before or found):
        yield "no codec is here that it could be compared with"
    for name, percent in {**before, **found}.items():
        words = "no PSNR in common" if percent is None else _in_words(percent)
        yield f"against {name:<12} {words}"
    known = {name: percent for name, percent in found.items() if percent is not None}
    hardest = max(known, key=lambda name: known[name]) if known else None
    if hardest is not None and known[hardest] > _WORTH_IT:
        yield f"it does not pay: {hardest} is as small or smaller on these pictures"
    if start and learnt is not None and learnt > _WORTH_IT:
        yield (
            f"teaching brought nothing: {start} serves these pictures as well; more "
            "pictures, or more minutes, may help"
        )
    elif hardest is not None and known[hardest] <= _WORTH_IT:
        yield f"it pays: no codec measured here comes nearer than {hardest}"


def _difference(anchor: Entry, test: Entry) -> float | None:
    found = bd_rate(anchor.mean_curve(), test.mean_curve())
    return found.percent if found else None


def _in_words(percent: float) -> str:
    return f"{abs(percent):.1f} % {'fewer' if percent < 0 else 'more'} bytes at equal PSNR"
