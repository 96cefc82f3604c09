"""From a batch of any length to requests of a size that servers take, and back in order."""

from __future__ import annotations

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
    """One item of a batch, ready to be sent, or the error that keeps it from that.

    index: its place in the batch; None where it is alone. name: its path, "" if it has none.
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


def chunks(items: Iterable[Item], max_items: int, max_bytes: int) -> Iterator[list[Item]]:
    """Cuts into lists of at most max_items that hold at most max_bytes, or one larger item."""
    chunk: list[Item] = []
    size = 0
    for item in items:
        if chunk and (len(chunk) >= max_items or size + len(item.content) > max_bytes):
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += len(item.content)
    if chunk:
        yield chunk


def in_order(
    work: Callable[[Chunk], Answer], parts: Iterable[Chunk], at_once: int
) -> Iterator[Answer]:
    """work(part) for every part, in the parts' order, `at_once` of them at the same time.

    Takes parts as it goes, never more than at_once + 1 ahead of what was asked for. Whatever work
    raises is raised here, and what has not begun by then never does.
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
