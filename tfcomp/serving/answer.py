"""Reads a server's HTTP answers within limits.

The limit in bytes holds for an answer as it arrives and unpacked. JSON may hold no more values than
the outputs of a request need: a value of three bytes takes a hundred bytes of memory.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

from tfcomp.serving.transport import too_large, too_many

_PIECE = 1 << 16
_MOST_DIGITS = 20
# JSON's punctuation: as much as the outputs' names take, and one item with its message.
_MARKS = 10_000
_MARKS_AN_ITEM = 200
_ENCODINGS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class AnswerError(Exception):
    """An answer is unusable; the message follows the server's address."""


def read_whole(response: Any, limit: int) -> bytes:
    """The body of an urllib3 response.

    Raises:
      AnswerError: it has more than `limit` bytes, packed or not.
    """
    claimed = response.headers.get("Content-Length", "")
    if claimed.isascii() and claimed.isdecimal() and int(claimed[:20]) > limit:
        raise AnswerError(too_large(limit))
    return b"".join(_unpacked(response, limit))


def read_start(response: Any, length: int) -> bytes:
    """The first bytes of a body, up to a limit; the rest is left unread."""
    pieces, missing = [], length
    try:
        for piece in _unpacked(response, length):
            pieces.append(piece)
            missing -= len(piece)
    except AnswerError:
        pass
    return b"".join(pieces)[:length]


def parsed(content: bytes, items: int) -> dict[str, Any]:
    """The JSON object of an answer to a request of `items` items; {} for any other content.

    Raises:
      AnswerError: the answer has too many values, or they are nested too deep.
    """
    if sum(content.count(mark) for mark in (b"{", b"[", b",", b":")) > (
        _MARKS + _MARKS_AN_ITEM * items
    ):
        raise AnswerError(too_many(items))
    try:
        answer = json.loads(content.decode("utf-8"), parse_int=_whole)
    except RecursionError:
        raise AnswerError("answers with values within values without end") from None
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _unpacked(response: Any, limit: int) -> Iterator[bytes]:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    unpacker = None
    if encoding not in ("", "identity"):
        if encoding not in _ENCODINGS:
            raise AnswerError(f"answers in an encoding that was not asked for ({encoding[:40]!r})")
        unpacker = zlib.decompressobj(_ENCODINGS[encoding])
    arrived = made = 0
    while piece := response.read1(_PIECE, decode_content=False):
        arrived += len(piece)
        if arrived > limit:
            raise AnswerError(too_large(limit))
        if unpacker is not None:
            try:
                piece = unpacker.decompress(piece, limit + 1 - made)
            except zlib.error:
                raise AnswerError(f"answers with what is not {encoding}") from None
            if unpacker.unconsumed_tail:
                raise AnswerError(too_large(limit))
        made += len(piece)
        if made > limit:
            raise AnswerError(too_large(limit))
        yield piece
    if unpacker is not None and not unpacker.eof:
        raise AnswerError("answers with only a part of what it packed")


def _whole(digits: str) -> int:
    """int(digits), with a limit: older Pythons take minutes for a million digits."""
    if len(digits) > _MOST_DIGITS:
        raise ValueError("a number of too many digits")
    return int(digits)
