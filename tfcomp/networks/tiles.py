"""Running a network over a large image tile by tile, so that memory does not grow with the image.

If every output of a network depends only on inputs at most `reach` latent elements away, tiles that
overlap by that much give the same result as the whole image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from tfcomp.errors import BundleError
from tfcomp.networks.padding import EdgePadded

TILE_PIXELS = 1024  # side of a tile; an image whose area is no larger than a tile's is never cut
# The side of a decoder's tile, of this: it holds more in full resolution than an encoder does.
_DECODER_SHARE = 0.75


class Span(NamedTuple):
    """A tile along one side, in latent elements: what to compute, and what is seen for it."""

    start: int
    stop: int
    seen_from: int
    seen_to: int

    def seen(self, scale: int) -> slice:
        """What is seen, in an array of `scale` elements per latent element."""
        return slice(self.seen_from * scale, self.seen_to * scale)

    def made(self, scale: int) -> slice:
        """What is computed."""
        return slice(self.start * scale, self.stop * scale)

    def made_within_seen(self, scale: int) -> slice:
        """What is computed, counted from the start of what is seen."""
        before = self.start - self.seen_from
        return slice(before * scale, (before + self.stop - self.start) * scale)


def run_tiled(
    run: Callable[[np.ndarray], np.ndarray],
    inputs: np.ndarray | EdgePadded,
    outputs: np.ndarray,
    in_scale: int,
    out_scale: int,
    reach: int | None,
    side: int | None = None,
) -> None:
    """Fills `outputs` with what `run` makes of `inputs`.

    Args:
      run: takes a part of `inputs` and gives the same part of `outputs`, with a first axis of 1.
      inputs: pixels [H, W, 3] or latents [h, w, C].
      outputs: the other of the two. It may lack some of the last rows and columns that the inputs
        make: these are left out.
      in_scale: elements of `inputs` per latent element along one side: the stride, or 1.
      out_scale: the same of `outputs`.
      reach: in latent elements, to each side; None to run on the whole at once, whatever its size.
      side: of a tile, in elements of the coarser grid; if None, what TILE_PIXELS says.

    Raises:
      BundleError: `run` gives something of another shape or type.
    """
    size = inputs.shape[0] // in_scale, inputs.shape[1] // in_scale
    share = _DECODER_SHARE if out_scale > in_scale else 1.0
    for rows, columns in tiles(*size, max(in_scale, out_scale), reach, share, side):
        seen = inputs[rows.seen(in_scale), columns.seen(in_scale)]
        result = run(np.ascontiguousarray(seen)[None])
        put_tile(result, outputs, rows, columns, out_scale)


def put_tile(
    result: np.ndarray,
    outputs: np.ndarray,
    rows: Span,
    columns: Span,
    scale: int,
    network: str = "a network of the bundle",
) -> None:
    """Writes what a network made of what a tile sees into the tile's place in `outputs`.

    The result has a first axis of 1, and `outputs` `scale` elements per latent element and side.

    Raises:
      BundleError: the result is of another shape or type.
    """
    sides = (span.seen(scale) for span in (rows, columns))
    expected = (1, *(side.stop - side.start for side in sides), outputs.shape[2])
    if result.shape != expected or result.dtype != outputs.dtype:
        raise BundleError(
            f"{network} gives {result.dtype} {result.shape}, not "
            f"{outputs.dtype} {expected}; export the bundle again"
        )
    inner = result[0][rows.made_within_seen(scale), columns.made_within_seen(scale)]
    target = outputs[rows.made(scale), columns.made(scale)]
    target[...] = inner[: target.shape[0], : target.shape[1]]


def tiles(
    height: int,
    width: int,
    stride: int,
    reach: int | None,
    share: float = 1.0,
    side: int | None = None,
) -> Iterator[tuple[Span, Span]]:
    """Rows and columns of tiles that together make all of [height, width] latent elements.

    Args:
      height: of the grid.
      width: of the grid.
      stride: image pixels per latent element along one side.
      reach: see `run_tiled`.
      share: a tile's side as a share of TILE_PIXELS.
      side: a tile's side in latent elements, in place of `share`.
    """
    side = side or max(1, int(TILE_PIXELS * share) // stride)
    if reach is None or height * width <= side * side:
        yield Span(0, height, 0, height), Span(0, width, 0, width)
        return
    down, across = _grid(height, width, side, reach)
    for rows in _spans(height, down, reach):
        for columns in _spans(width, across, reach):
            yield rows, columns


def _grid(height: int, width: int, side: int, reach: int) -> tuple[int, int]:
    """How many tiles, down and across, compute the least where none sees too much.

    A tile may see as much as a square of `side` and its `reach`, in any shape.
    """
    limit = (side + 2 * reach) ** 2
    found: dict[int, tuple[int, int]] = {}
    for down in range(1, max(1, height - 2 * reach) + 1):
        rows = _seen(height, down, reach)
        columns = limit // rows
        if columns >= width:
            across = 1
        elif columns > 2 * reach:
            across = -(-(width - 2 * reach) // (columns - 2 * reach))
        else:
            continue
        cost = down * rows * across * _seen(width, across, reach)
        found.setdefault(cost, (down, across))
    return found[min(found)]


def _seen(length: int, count: int, reach: int) -> int:
    """How much of a side each of `count` tiles sees."""
    return -(-(length + 2 * reach * (count - 1)) // count)


def _spans(length: int, count: int, reach: int) -> Iterator[Span]:
    """Tiles that all see equally much: LiteRT prepares a network anew for every other shape."""
    seen = _seen(length, count, reach)
    start = 0
    for number in range(count):
        seen_from = min(number * (seen - 2 * reach), length - seen)
        stop = length if number == count - 1 else seen_from + seen - reach
        yield Span(start, stop, seen_from, seen_from + seen)
        start = stop
