"""Lists in docs/photographs.md who made the flagship's training photographs, on which terms.

    python -m lab.photograph_credits --write

The list comes from lab/free_photos.tsv; what the page says above it is written by hand. The command
also prints the line for `tfcomp release --sources`: how many pictures of which licence.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from lab.photograph_table import Photograph, read
from tfcomp.errors import CodecError, exit_code_of

PAGE = Path(__file__).resolve().parents[1] / "docs" / "photographs.md"

# Licence in the table -> how it is written, and where its text is.
LICENCES = {
    "CC-BY-4.0": ("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"),
    "CC-BY-3.0": ("CC BY 3.0", "https://creativecommons.org/licenses/by/3.0/"),
    "CC-BY-2.5": ("CC BY 2.5", "https://creativecommons.org/licenses/by/2.5/"),
    "CC-BY-2.0": ("CC BY 2.0", "https://creativecommons.org/licenses/by/2.0/"),
    "CC-BY": ("CC BY, version not stated", "https://creativecommons.org/licenses/"),
    "CC0-1.0": ("CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "public domain": ("Public domain", ""),
    "free use": ("Free use, stated by their owner", ""),
}
_BEGIN = "<!-- Written by `python -m lab.photograph_credits --write`; do not edit below. -->"
_NOBODY = "author not stated"


def summary(photographs: Sequence[Photograph]) -> str:
    """One line: how many pictures of which licence, and where the list is."""
    counts = Counter(_family(photograph.licence) for photograph in photographs)
    listed = ", ".join(f"{name} {number}" for name, number in counts.most_common())
    return f"{len(photographs)} photographs: {listed}; authors and sources: docs/photographs.md"


def credit_list(photographs: Sequence[Photograph]) -> str:
    """The page's list as Markdown: a table of licences, then each licence's authors."""
    numbers = Counter(photograph.licence for photograph in photographs)
    counts = [
        f"| {_linked(licence)} | {numbers[licence]} | {_asked(licence)} |" for licence in LICENCES
    ]
    lines = [_BEGIN, "", "| licence | pictures | asks for |", "| --- | --- | --- |", *counts, ""]
    return "\n".join([*lines, *(_section(licence, photographs) for licence in LICENCES)])


def written(page: str) -> str:
    """The list as it stands in the page, from its mark to the end."""
    found = page.find(_BEGIN)
    if found < 0:
        raise CodecError(f"docs/photographs.md has no line {_BEGIN}: put it where the list begins")
    return page[found:]


def _family(licence: str) -> str:
    """CC BY of all versions as one."""
    return "CC BY" if licence.startswith("CC-BY") else LICENCES[licence][0].split(",")[0]


def _asked(licence: str) -> str:
    if licence.startswith("CC-BY"):
        return "the author's name, the licence, what was changed"
    return "nothing"


def _linked(licence: str) -> str:
    name, address = LICENCES[licence]
    return f"[{name}]({address})" if address else name


def _section(licence: str, photographs: Sequence[Photograph]) -> str:
    by_author: dict[str, list[Photograph]] = {}
    for photograph in photographs:
        if photograph.licence == licence:
            by_author.setdefault(photograph.author or _NOBODY, []).append(photograph)
    authors = sorted(by_author, key=lambda author: (author == _NOBODY, author.casefold()))
    lines = [
        f"- {_plain(author)}: {', '.join(map(_entry, by_author[author]))}" for author in authors
    ]
    return "\n".join([f"## {LICENCES[licence][0]}", "", *lines, ""])


def _entry(photograph: Photograph) -> str:
    name = photograph.path.rsplit("/", 1)[-1]
    return f"[{_plain(name)}]({_address(photograph)})"


def _address(photograph: Photograph) -> str:
    """Where the picture's page is, safe between the parentheses of a link."""
    if photograph.origin:
        return quote(photograph.origin, safe="/:?=&%@,;+~!*'")
    repository = f"https://github.com/{photograph.repository}"
    if photograph.in_history:
        return repository
    return f"{repository}/blob/{photograph.commit}/{quote(photograph.path)}"


def _plain(text: str) -> str:
    """A name whose characters mean nothing to Markdown."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>#|" else c for c in text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.photograph_credits")
    parser.add_argument("--write", action="store_true", help="write docs/photographs.md")
    options = parser.parse_args(arguments)

    def work() -> None:
        photographs = read()
        if options.write:
            text = PAGE.read_text(encoding="utf-8")
            PAGE.write_text(text.removesuffix(written(text)) + credit_list(photographs), "utf-8")
        print(summary(photographs))

    return exit_code_of("photograph_credits", work)


if __name__ == "__main__":
    sys.exit(main())
