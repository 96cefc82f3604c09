"""The table of the photographs that the flagship is trained on: lab/free_photos.tsv.

Tab-separated, a line a picture, nothing quoted. `repository`, `commit`, `path` and `blob` say where
on GitHub it is, `source_size` how large it is there, `saved_size` and `bytes` the set's copy;
`origin` is the page that the repository took it from, and `evidence_path` and `evidence_excerpt`
are the file there that states licence and author. Where an author is unknown the column is empty.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

TABLE = Path(__file__).with_name("free_photos.tsv")


@dataclasses.dataclass(frozen=True)
class Photograph:
    """A line of the table; sizes are (width, height) of the upright picture."""

    file: str
    repository: str
    commit: str
    path: str
    blob: str
    source_size: tuple[int, int]
    saved_size: tuple[int, int]
    bytes: int
    licence: str
    author: str
    origin: str
    evidence_path: str

    @property
    def in_history(self) -> bool:
        """Whether the table names no commit: a later one replaced or removed the file."""
        return self.commit.startswith("history")


def read(table: Path = TABLE) -> list[Photograph]:
    """Reads the table, in its order."""
    head, *lines = table.read_text(encoding="utf-8").rstrip("\n").split("\n")
    names = head.split("\t")
    return [_photograph(dict(zip(names, line.split("\t")))) for line in lines]


def _photograph(cells: dict[str, str]) -> Photograph:
    texts = {
        field.name: cells[field.name]
        for field in dataclasses.fields(Photograph)
        if field.name not in ("source_size", "saved_size", "bytes")
    }
    return Photograph(
        source_size=_size(cells["source_size"]),
        saved_size=_size(cells["saved_size"]),
        bytes=int(cells["bytes"]),
        **texts,
    )


def _size(cell: str) -> tuple[int, int]:
    width, height = cell.split("x")
    return int(width), int(height)
