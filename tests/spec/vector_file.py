"""Reads test vectors; spec/vectors/README.md describes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.conftest import ROOT
from tfcomp.bitstream.tables import CdfTables

FOLDER = ROOT / "spec" / "vectors"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))


@dataclass(frozen=True)
class Check:
    """What must hold for the lines in force.

    what: "both", "read", "write" or "refuse". kind: why it is refused. lines: what stands behind
    each word. where: for messages.
    """

    what: str
    kind: str
    lines: dict[str, str]
    where: str

    @property
    def reads(self) -> bool:
        return self.what in ("both", "read")

    @property
    def writes(self) -> bool:
        return self.what in ("both", "write")

    def numbers(self, word: str) -> np.ndarray:
        """Whole numbers; int64 [n]."""
        return np.array(self.lines[word].split(), np.int64)

    def int32(self, word: str) -> np.ndarray:
        return self.numbers(word).astype(np.int32)

    def number(self, word: str) -> int:
        (number,) = self.numbers(word)
        return int(number)

    def shape(self) -> tuple[int, int, int]:
        height, width, channels = self.numbers("shape").tolist()
        return height, width, channels

    def bytes(self, word: str = "bytes") -> bytes:
        return bytes.fromhex(self.lines[word])

    def floats(self, word: str) -> np.ndarray:
        """float32 [n]."""
        return np.frombuffer(self.bytes(word), "<f4").astype(np.float32)

    def decimals(self, word: str) -> tuple[float, ...]:
        return tuple(map(float, self.lines[word].split()))

    def tables(self, prefix: str = "") -> CdfTables:
        cdf, offsets = self.int32(f"{prefix}cdf"), self.int32(f"{prefix}offsets")
        tables = CdfTables(cdf, offsets, np.zeros(len(offsets), np.float32))
        np.testing.assert_array_equal(tables.starts, self.numbers(f"{prefix}starts"))
        return tables


def checks_of(name: str, folder: Path = FOLDER) -> Iterator[Check]:
    """Every check of a file of vectors, in order."""
    held: dict[str, str] = {}
    text = (folder / f"{name}.txt").read_text(encoding="ascii")
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word == "case":
            held = {word: rest}
        elif word != "check":
            held[word] = rest
        else:
            what, _, kind = rest.partition(" ")
            where = f"spec/vectors/{name}.txt:{number} ({held['case']})"
            yield Check(what, kind, dict(held), where)


def counts_of(name: str) -> Counter:
    """How many checks of a file are about reading, about writing, and about refusals."""
    found = Counter({"read": 0, "write": 0, "refuse": 0})
    for check in checks_of(name):
        found["read"] += check.reads
        found["write"] += check.writes
        found["refuse"] += check.what == "refuse"
    return found
