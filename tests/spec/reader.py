"""What a reader of the test vectors is, and how it is held against them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from tests.spec.vector_file import Check, checks_of

# A check -> what must stand behind words of its lines: bytes, or whole numbers.
Answer = Callable[[Check], Mapping[str, object]]


class Refused(Exception):
    """The reader refuses the bytes. kind: a name of refusals.py."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Reader(NamedTuple):
    """reads, writes: by the name of a file of vectors; what a reader cannot do is absent.

    as_said: from the kind of a refusal to what this reader says for it.
    """

    reads: Mapping[str, Answer]
    writes: Mapping[str, Answer]
    as_said: Callable[[str], str] = lambda kind: kind

    @classmethod
    def of(
        cls,
        module: Mapping[str, Any],
        as_said: Callable[[str], str] = lambda kind: kind,
        refusing: Callable[[Answer], Answer] = lambda answer: answer,
    ) -> Reader:
        """The functions read_NAME and write_NAME of a module, NAME being a file of vectors.

        refusing: makes a reading function tell what it refuses as `Refused`.
        """
        found = {
            verb: {name[len(verb) :]: f for name, f in module.items() if name.startswith(verb)}
            for verb in ("read_", "write_")
        }
        reads = {name: refusing(answer) for name, answer in found["read_"].items()}
        return cls(reads, found["write_"], as_said)


def hold_against(reader: Reader, name: str) -> Counter:
    """Makes every check of a file that the reader can; gives how many it made of each sort."""
    made = Counter({"read": 0, "write": 0, "refuse": 0})
    for check in checks_of(name):
        if check.reads and name in reader.reads:
            _compare(check, "read", _answer(reader.reads[name], check))
            made["read"] += 1
        if check.writes and name in reader.writes:
            _compare(check, "write", _answer(reader.writes[name], check))
            made["write"] += 1
        if check.what == "refuse" and name in reader.reads:
            _must_refuse(check, reader, reader.reads[name])
            made["refuse"] += 1
    return made


def _answer(answer: Answer, check: Check) -> Mapping[str, object]:
    try:
        return answer(check)
    except Refused as refusal:
        raise AssertionError(f"{check.where}: refused: {refusal.kind}") from refusal


def _compare(check: Check, what: str, found: Mapping[str, object]) -> None:
    assert found, check.where
    for word, value in found.items():
        if isinstance(value, bytes):
            same = value == check.bytes(word)
        else:
            same = np.array_equal(np.ravel(np.asarray(value)), check.numbers(word))
        assert same, f"{check.where}: to {what} gives another line {word!r}: {value!r}"


def _must_refuse(check: Check, reader: Reader, answer: Answer) -> None:
    try:
        found = answer(check)
    except Refused as refusal:
        expected = reader.as_said(check.kind)
        assert refusal.kind == expected, f"{check.where}: refused as {refusal.kind}"
    else:
        raise AssertionError(f"{check.where}: read, but must be refused: {found!r}")
