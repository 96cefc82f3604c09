"""The two sections of a file whose entropy model is a hyperprior with context.

    hyper_latents   z [zh, zw, Cz], table (quality - 1) * Cz + channel, one stream per
                    HYPER_ROWS_PER_STREAM rows of z
    latents         pass by pass; within a pass one stream per `rows_per_stream` latent rows, which
                    holds, in raster order with the channels innermost, the pass's values whose
                    scale index is not 0; the table is the scale index

    a value       = round(latent - mean), mean and scale index from the integer networks
    decoded value = 8 * value + mean, int32, in eighths of a quantisation step; mean where the
                    scale index is 0

A frame may depend on the one before: frame_before.py says what is different then.

latent - mean is a float64 difference of a float32 and an exact eighth, and is quantised in float64
(rate_distortion_quantizer.py): encoders in other languages that do the same write the same file.

The caller gives the networks (see prior/hyperprior.py) and the range coder, so that every runtime
shares this one description of the format.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tfcomp.bitstream.passes import Coder, Pass, squares
from tfcomp.bitstream.rate_distortion_quantizer import MAX_VALUE, quantize, threshold_shifts
from tfcomp.bitstream.rows import pack_rows
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy_kinds.base import Tables
from tfcomp.entropy_kinds.hyperprior.frame_before import FrameBefore, SeenOfBefore
from tfcomp.entropy_kinds.hyperprior.layout import (
    CONTEXT_LIMIT,
    HYPER_ROWS_PER_STREAM,
    HYPER_STRIDE,
    MEAN_UNITS,
    PASS_REACH,
    SECTION_NAMES,
    SEQUENCE_TABLES,
    SEQUENCE_WEIGHT,
    Layout,
    Networks,
)
from tfcomp.entropy_kinds.streams import Streams
from tfcomp.errors import BitstreamError
from tfcomp.quality import nearest_level

_BAND_ROWS = 62  # with PASS_REACH, one row of the runtime's tiles
_BAND_PLACES = _BAND_ROWS * 256  # bands of wider pictures have fewer rows


def encode(latents: np.ndarray, *inputs: Any, **choices: Any) -> tuple[bytes, bytes]:
    """The file's two sections. It takes the arguments of `encode_and_decode`, and less memory."""
    return encode_and_decode(latents, *inputs, **choices, keep=False)[0]


def encode_and_decode(
    latents: np.ndarray,
    quality: float,
    networks: Networks,
    tables: Tables,
    layout: Layout,
    coder: Coder | Any,
    thresholds: bool = True,
    hyper_latents: np.ndarray | None = None,
    distortion_weight: float | None = None,
    before: FrameBefore | None = None,
    *,
    keep: bool = True,
) -> tuple[tuple[bytes, bytes], np.ndarray]:
    """Latents to the file's two sections, and to what `decode` makes of these.

    Args:
      latents: float32 [h, w, C], in quantisation steps.
      quality: from 1.
      networks: the integer networks.
      tables: of the symbols.
      layout: what the bundle fixes.
      coder: the range coder.
      thresholds: whether to quantise with a distortion weight; else to nearest.
      hyper_latents: int32 [ceil(h/2), ceil(w/2), Cz]; what the networks make of the latents if
        None.
      distortion_weight: the layout's of that quality if None.
      before: the frame on which this one depends, of the same size.
      keep: whether channels that no pass looks at are decoded, too.

    Returns:
      the two sections, and int16 or int32 [h, w, C] in eighths of a step.
    """
    hyper = hyper_latents
    if hyper is None:
        hyper = networks.hyper_analysis(latents, quality)
    hyper_tables, latent_tables = _tables_of(tables, before)
    coded_hyper = hyper if before is None else hyper - before.hyper_latents
    hyper_streams = [
        coder.encode(part.reshape(-1), _hyper_index(part.shape, quality), hyper_tables)
        for part in _stripes(coded_hyper, HYPER_ROWS_PER_STREAM)
    ]
    seen_before = None if before is None else SeenOfBefore(before, hyper)
    height, width, _ = latents.shape
    features = networks.hyper_synthesis(hyper, quality)[:height, :width]
    kept = layout.channels if keep else max(step.seen for step in layout.passes)
    decoded = np.zeros((height, width, kept), np.int16)
    rows = layout.rows_per_stream[nearest_level(quality) - 1]
    weight = distortion_weight or layout.distortion_weight(quality) if thresholds else None
    if weight is not None and before is not None:
        weight *= SEQUENCE_WEIGHT
    shifts = threshold_shifts(latent_tables, weight)
    streams: list[bytes] = []
    for number, step in enumerate(layout.passes):
        part = slice(step.start, step.start + step.channels)
        store = _Store(decoded, step)
        for band in _bands(height, width, rows):
            values, scale = _parameters(
                *(number, step, features, decoded, band, quality, networks, seen_before)
            )
            own = np.ascontiguousarray(latents[band, :, part])
            for v, s, latent in zip(*(_stripes(array, rows) for array in (values, scale, own))):
                coded = np.flatnonzero(s > 0)
                index, mean = s.take(coded), v.take(coded)
                # float64: every writer's bytes rest on it (spec/format.md).
                residual = np.subtract(latent.take(coded), mean / MEAN_UNITS, dtype=np.float64)
                symbols = quantize(residual, index, shifts)
                streams.append(coder.encode(symbols, index, latent_tables))
                v.reshape(-1)[coded] = MEAN_UNITS * symbols + mean
            if part.stop <= kept:
                store(band, values)
        decoded = store.finish()
    return (pack_rows(hyper_streams), pack_rows(streams)), decoded


def decode(*inputs: Any, **choices: Any) -> np.ndarray:
    """The latents of `decode_frame`, which takes the same arguments."""
    return decode_frame(*inputs, **choices).latents


def decode_frame(
    sections: Sequence[bytes],
    quality: float,
    height: int,
    width: int,
    networks: Networks,
    tables: Tables,
    layout: Layout,
    coder: Coder | Any,
    partial: bool = False,
    first_channels: int | None = None,
    before: FrameBefore | None = None,
) -> FrameBefore:
    """The file's two sections -> decoded integers [height, width, C] in eighths of a step.

    int16 where all of them fit, as they do for every picture; int32 otherwise. With `partial` the
    second section may break off: values that are missing are their means. With `first_channels`
    passes of later ones are left out: their values are 0. `before` is the frame on which this one
    depends, of the same size.

    Returns:
      the latents, and the hyper-latents, on which a further frame may depend.

    Raises:
      BitstreamError: no encoder writes such sections.
    """
    hyper_tables, latent_tables = _tables_of(tables, before)
    hyper_height, hyper_width = -(-height // HYPER_STRIDE), -(-width // HYPER_STRIDE)
    hyper = np.empty((hyper_height, hyper_width, layout.hyper_channels), np.int32)
    parts = list(_stripes(hyper, HYPER_ROWS_PER_STREAM))
    streams = Streams(sections[0], len(parts), coder, hyper_tables, MAX_VALUE)
    for part in parts:
        part.reshape(-1)[...] = streams.decode(_hyper_index(part.shape, quality))
    seen_before = None
    if before is not None:
        hyper += before.hyper_latents
        if np.abs(hyper).max() > MAX_VALUE:
            raise BitstreamError("the file holds impossible latents; get an undamaged copy")
        seen_before = SeenOfBefore(before, hyper)
    features = networks.hyper_synthesis(hyper, quality)[:height, :width]
    decoded = np.zeros((height, width, layout.channels), np.int16)
    rows = layout.rows_per_stream[nearest_level(quality) - 1]
    stripes = -(-height // rows)
    count = stripes * len(layout.passes)
    streams = Streams(sections[1], count, coder, latent_tables, MAX_VALUE, partial)
    for number, step in enumerate(layout.passes):
        if first_channels is not None and step.start >= first_channels:
            break
        store = _Store(decoded, step)
        for band in _bands(height, width, rows):
            values, scale = _parameters(
                *(number, step, features, decoded, band, quality, networks, seen_before)
            )
            for v, s in zip(_stripes(values, rows), _stripes(scale, rows)):
                # Positions: NumPy reads and writes through a mask at a third of the speed.
                coded = np.flatnonzero(s > 0)
                symbols = streams.decode(s.take(coded))
                if symbols is not None:
                    v.reshape(-1)[coded] += MEAN_UNITS * symbols
            store(band, values)
        decoded = store.finish()
    return FrameBefore(decoded, hyper)


def _tables_of(tables: Tables, before: FrameBefore | None) -> list[CdfTables]:
    """The tables of the two sections."""
    return [tables[name] for name in (SECTION_NAMES if before is None else SEQUENCE_TABLES)]


def _parameters(
    number: int,
    step: Any,
    features: np.ndarray,
    decoded: np.ndarray,
    band: Any,
    quality: float,
    networks: Any,
    seen_before: SeenOfBefore | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Means and scale indices, 0 where the pass codes nothing: int32 [rows of band, w, channels].

    Both are the caller's own, and contiguous.
    """
    seen = slice(max(0, band.start - PASS_REACH), min(len(features), band.stop + PASS_REACH))
    context = np.clip(decoded[seen, :, : step.seen], -CONTEXT_LIMIT, CONTEXT_LIMIT)
    both = networks.parameters(number, features[seen], context, quality)
    if seen_before is not None:
        # Rows beside the band are seen for their changes alone, not for what their own pass says.
        inputs = seen_before.inputs(step, both, decoded, seen)
        both = networks.sequence_parameters(number, inputs, quality)
    both = both[band.start - seen.start :][: band.stop - band.start]
    mean, scale = both[..., : step.channels].copy(), both[..., step.channels :].copy()
    if step.parity is not None:
        scale *= squares(scale.shape[0], scale.shape[1], step)[..., None]
    return mean, scale


def _bands(height: int, width: int, rows_per_stream: int) -> Iterator[slice]:
    """Bands of rows, which limit memory: each holds whole streams and begins on an even row."""
    unit = math.lcm(2, rows_per_stream)
    most = max(unit, min(_BAND_ROWS, _BAND_PLACES // width) // unit * unit)
    size = -(-height // -(-height // most) // unit) * unit  # all equal, as far as may be
    for start in range(0, height, size):
        yield slice(start, min(start + size, height))


class _Store:
    """Writes what a pass decodes into `decoded`, int16 [h, w, C], or int32 where it must be.

    A pass that goes on with channels of an earlier one sees them, and must see them as they were
    when it began: what it decodes is written when it ends.
    """

    def __init__(self, decoded: np.ndarray, step: Pass) -> None:
        self._decoded, self._step = decoded, step
        self._waiting: list[tuple[slice, np.ndarray]] = []

    def __call__(self, band: slice, values: np.ndarray) -> None:
        """values: int32 [rows of band, w, channels of the pass]."""
        limits = np.iinfo(np.int16)
        narrow = not values.size or limits.min <= values.min() <= values.max() <= limits.max
        if self._decoded.dtype == np.int16 and not narrow:
            self._decoded = self._decoded.astype(np.int32)
        if self._step.goes_on:
            self._waiting.append((band, values.astype(self._decoded.dtype)))
        else:
            self._write(band, values)

    def finish(self) -> np.ndarray:
        """All that is decoded so far."""
        for band, values in self._waiting:
            self._write(band, values)
        return self._decoded

    def _write(self, band: slice, values: np.ndarray) -> None:
        step = self._step
        part = self._decoded[band, :, step.start : step.start + step.channels]
        if step.parity is None:
            part[...] = values
        else:
            chosen = squares(values.shape[0], values.shape[1], step)[..., None]
            np.copyto(part, values, "unsafe", where=chosen)


def _stripes(array: np.ndarray, rows: int) -> Iterator[np.ndarray]:
    for start in range(0, array.shape[0], rows):
        yield array[start : start + rows]


def _hyper_index(shape: tuple[int, ...], quality: float) -> np.ndarray:
    rows, columns, channels = shape
    first = (nearest_level(quality) - 1) * channels
    return np.tile(np.arange(first, first + channels, dtype=np.int32), rows * columns)
