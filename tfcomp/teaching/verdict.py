"""Whether a taught model pays, in words, from the benchmark's figures."""

from __future__ import annotations

from typing import Iterator

from tfcomp.evaluation.contestants import CODEC
from tfcomp.evaluation.curves import bd_rate
from tfcomp.evaluation.results import Entry, Results

_WORTH_IT = -2.0  # percent


def lines(results: Results, taught: str, untaught: str | None) -> Iterator[str]:
    """A line for each codec, and one that says what to use.

    Args:
      results: of the benchmark on held-out pictures.
      taught: the taught model's entry.
      untaught: the entry of the model that it started from, if that was measured.
    """
    entries = {entry.name: entry for entry in results.entries}
    found = {
        name: _difference(entry, entries[taught])
        for name, entry in entries.items()
        if name != taught
    }
    for name, percent in found.items():
        words = "no PSNR in common" if percent is None else _in_words(percent)
        yield f"against {name:<12} {words}"
    classical = {
        name: percent
        for name, percent in found.items()
        if percent is not None and entries[name].kind == CODEC
    }
    if classical:
        hardest = max(classical, key=lambda name: classical[name])
        percent = classical[hardest]
        if percent <= _WORTH_IT:
            yield f"it pays: no codec measured here comes nearer than {hardest}"
        else:
            yield f"it does not pay: {hardest} is as small or smaller on these pictures"
    learnt = found.get(untaught) if untaught else None
    if learnt is not None and learnt > _WORTH_IT:
        yield (
            f"teaching changed little: {untaught} serves these pictures as well; more pictures, "
            "or more minutes, may help"
        )


def _difference(anchor: Entry, test: Entry) -> float | None:
    found = bd_rate(anchor.mean_curve(), test.mean_curve())
    return found.percent if found else None


def _in_words(percent: float) -> str:
    return f"{abs(percent):.1f} % {'fewer' if percent < 0 else 'more'} bytes at equal PSNR"
