"""What a bundle fixes about a code made of bits: the order of its bits, and their contexts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfcomp.bitstream.passes import Pass, coding_passes
from tfcomp.entropy_kinds.manifest_values import MAX_ROWS, counts, whole
from tfcomp.errors import BundleError

NOTHING = -1  # a context bit that is always 0
MAX_CONTEXT_BITS = 10


@dataclass(frozen=True)
class BitLayout:
    """What a bundle fixes about the section.

    Attributes:
      groups: channels of each group, in coding order; they add up to the code's.
      checkerboard: how many of the first groups have two passes.
      rows_per_stream: rows that share a stream.
      sent: channels that each quality sends, rising.
      contexts: for each channel of each pass, the K places of its context: 9 * channel + 3 * (dy +
        1) + dx + 1, or NOTHING.
    """

    groups: tuple[int, ...]
    checkerboard: int
    rows_per_stream: int
    sent: tuple[int, ...]
    contexts: tuple[tuple[int, ...], ...]

    @property
    def channels(self) -> int:
        return sum(self.groups)

    @property
    def context_bits(self) -> int:
        """K."""
        return len(self.contexts[0])

    @property
    def passes(self) -> tuple[Pass, ...]:
        """Of the highest quality."""
        return coding_passes(self.groups, self.checkerboard)

    def passes_of(self, quality: float) -> list[tuple[Pass, int, int]]:
        """The passes of a quality, from 1, cut to the channels that it sends.

        Each comes with the number of its first channel among all passes' channels, and with the
        number of channels that the whole pass sees.
        """
        sent = self.sent[int(quality) - 1]
        found, first = [], 0
        for step in self.passes:
            count = min(step.channels, sent - step.start)
            if count > 0:
                found.append((step._replace(channels=count), first, step.seen))
            first += step.channels
        return found

    def streams(self, quality: float, height: int) -> int:
        """How many streams a section has."""
        return len(self.passes_of(quality)) * -(-height // self.rows_per_stream)

    def to_manifest(self) -> dict[str, Any]:
        """The layout as a manifest's "entropy" object has it."""
        return {
            "groups": list(self.groups),
            "checkerboard": self.checkerboard,
            "rows_per_stream": self.rows_per_stream,
            "sent": list(self.sent),
            "contexts": [" ".join(map(str, places)) for places in self.contexts],
        }

    @classmethod
    def from_manifest(cls, entropy: Mapping[str, Any], channels: int, qualities: int) -> BitLayout:
        """The inverse of `to_manifest`.

        Raises:
          BundleError: it is not sound.
        """
        groups, sent = counts(entropy, "groups"), counts(entropy, "sent")
        contexts = _contexts(entropy)
        _require(sum(groups) == channels, "groups must add up to channels")
        rising = all(a < b for a, b in zip((0, *sent), sent))
        _require(rising and sent[-1] == channels, "sent must rise from 1 or more to channels")
        _require(len(sent) == qualities, "sent must have one number for each quality")
        checkerboard = whole(entropy, "checkerboard", 0, len(groups))
        rows = whole(entropy, "rows_per_stream", 1, MAX_ROWS)
        layout = cls(tuple(groups), checkerboard, rows, tuple(sent), contexts)
        seen = [step.seen for step in layout.passes for _ in range(step.channels)]
        _require(len(seen) == len(contexts), "contexts must have one entry for each pass's channel")
        for places, count in zip(contexts, seen):
            _require(len(places) == layout.context_bits, "contexts must be equally long")
            _require(
                all(NOTHING <= place < 9 * count for place in places),
                "contexts must lie in earlier passes",
            )
        return layout


def _contexts(entropy: Mapping[str, Any]) -> tuple[tuple[int, ...], ...]:
    lines: Any = entropy.get("contexts")
    _require(isinstance(lines, list) and len(lines) >= 1, "contexts are missing")
    try:
        contexts = tuple(tuple(int(place) for place in line.split()) for line in lines)
    except (AttributeError, ValueError):
        raise BundleError("manifest.json: entropy: contexts must be lines of numbers") from None
    bits = len(contexts[0])
    _require(1 <= bits <= MAX_CONTEXT_BITS, f"contexts have 1 to {MAX_CONTEXT_BITS} bits")
    return contexts


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise BundleError(f"manifest.json: entropy: {message}")
