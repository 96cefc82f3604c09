"""The table of spec/vectors/README.md: what each reader does with each file of vectors."""

from __future__ import annotations

from tests.spec.vector_file import FOLDER, counts_of

_HEAD = "| file |"
_DOES = {"both": {"read", "write"}, "read": {"read"}, "write": {"write"}, "none": set()}


def table() -> dict[str, dict[str, set[str]]]:
    """reader -> file -> which of "read" and "write" it does."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    lines = text[text.index(_HEAD) :].splitlines()
    readers = _cells(lines[0])[1:]
    found: dict[str, dict[str, set[str]]] = {reader: {} for reader in readers}
    for line in lines[2:]:
        if not line.startswith("|"):
            break
        name, *cells = _cells(line)
        for reader, cell in zip(readers, cells):
            found[reader][name.strip("`")] = _DOES[cell]
    return found


def expected_counts(reader: str, name: str) -> dict[str, int]:
    """How many checks of a file the table says that a reader makes, by sort."""
    does, counts = table()[reader][name], counts_of(name)
    return {
        "read": counts["read"] if "read" in does else 0,
        "write": counts["write"] if "write" in does else 0,
        "refuse": counts["refuse"] if "read" in does else 0,
    }


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]
