"""Cuts a batch into requests of a size that servers take, and keeps the results in order."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from tfcomp.errors import CodecError
from tfcomp.serving.errors import ItemError

Chunk = TypeVar("Chunk")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Item:
    """One item of a batch, ready to be sent, or the error of one that cannot be read.

    Attributes:
      index: its place in the batch; None where it is alone.
      name: its path, "" if it has none.
    """

    index: int | None
    name: str
    content: bytes = b""
    error: ItemError | None = None

    @classmethod
    def prepare(cls, index: int | None, source: Any, read: Callable[[Any], bytes]) -> Item:
        """Reads a source; read raises CodecError where it cannot be read."""
        name = os.fsdecode(source) if isinstance(source, (str, os.PathLike)) else ""
        try:
            return cls(index, name, read(source))
        except CodecError as error:
            return cls(index, name, error=ItemError(index, name, str(error)))


def chunks(
    items: Iterable[Item],
    max_items: int,
    max_bytes: int,
    answer_bytes: Callable[[bytes], int] = len,
    max_answer_bytes: float = math.inf,
) -> Iterator[list[Item]]:
    """Cuts items, in order, into lists of at most max_items and max_bytes, or one larger item.

    Args:
      items: in their order.
      max_items: in a list.
      max_bytes: in a list, of content.
      answer_bytes: content of an item -> the most bytes of its answer.
      max_answer_bytes: for a list's answers.
    """
    chunk: list[Item] = []
    size = answer = 0
    for item in items:
        length, answered = len(item.content), answer_bytes(item.content)
        too_large = size + length > max_bytes or answer + answered > max_answer_bytes
        if chunk and (len(chunk) >= max_items or too_large):
            yield chunk
            chunk, size, answer = [], 0, 0
        chunk.append(item)
        size += length
        answer += answered
    if chunk:
        yield chunk


def in_order(
    work: Callable[[Chunk], Answer], parts: Iterable[Chunk], at_once: int
) -> Iterator[Answer]:
    """Yields work(part) for every part, in order, with `at_once` of them under way.

    Takes parts as it goes, at most at_once + 1 ahead of its caller. An exception of `work` is
    raised here, and no further part is started.
    """
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="tfcomp-serving")
    waiting: deque[Future[Answer]] = deque()
    try:
        for part in parts:
            waiting.append(pool.submit(work, part))
            if len(waiting) > at_once:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
