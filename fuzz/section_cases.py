"""Inputs of fuzz_sections.c: what it takes from bytes, written as those bytes.

Every piece here stands beside the piece of C that reads it: input.c, made_tables.c,
fuzz_sections.c, round_trips.c.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from tests.spec.toy_networks import ToyNetworks
from tfcomp.bitstream import range_coder
from tfcomp.bitstream.passes import coding_passes
from tfcomp.bitstream.rows import pack_rows
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy_kinds.bits import sections as bit_sections
from tfcomp.entropy_kinds.bits.layout import BitLayout
from tfcomp.entropy_kinds.hyperprior import sections as hyperprior_sections
from tfcomp.entropy_kinds.hyperprior.frame_before import FrameBefore
from tfcomp.entropy_kinds.hyperprior.layout import Layout

FACTORIZED, BITS, HYPERPRIOR, VALUES_ROUND_TRIP, SECTION_ROUND_TRIP, DEPENDENT = range(6)
QUALITIES = 3
_FAR = 250  # an offset that is not near: four bytes follow


class MadeTables(NamedTuple):
    """tables: up to 16, of up to 14 intervals. written: as made_tables.c reads them."""

    tables: CdfTables
    written: bytes


def random_tables(random: np.random.Generator, count: int, escape: bool | None = None):
    """`count` tables around zero; escape: whether all or none has an escape symbol."""
    written = bytearray([count - 1, 0])
    cdf: list[int] = []
    offsets = []
    for _ in range(count):
        precision = int(random.integers(2, 17))
        intervals = int(random.integers(2, min(14, 1 << precision) + 1))
        escapes = bool(random.integers(2)) if escape is None else escape
        offset = -(intervals // 2)
        written += bytes([offset + 32, precision - 1, escapes, intervals - 1])
        steps = [0]
        for step in range(1, intervals):
            room = (1 << precision) - (intervals - step) - steps[-1]
            step_above = int(random.integers(min(room, 1 << 16)))
            written += step_above.to_bytes(2, "little")
            steps.append(steps[-1] + 1 + step_above)
        cdf += [-precision if escapes else precision, *steps, 1 << precision]
        offsets.append(offset)
    return MadeTables(_tables(cdf, offsets), bytes(written))


def _tables(cdf: list[int], offsets: list[int]) -> CdfTables:
    return CdfTables(np.array(cdf, np.int32), np.array(offsets, np.int32), np.zeros(len(offsets)))


def repeated(made: CdfTables, count: int) -> CdfTables:
    """`count` tables, from the first again after the last."""
    tables = [
        made.cdf[made.starts[k % made.count] : made.starts[k % made.count + 1]]
        for k in range(count)
    ]
    offsets = np.resize(made.cdf_offset, count)
    return CdfTables(np.concatenate(tables), offsets, np.zeros(count, np.float32))


class SectionCase(NamedTuple):
    """head: the layout and all else. section: the last section, up to the input's end."""

    head: bytes
    section: bytes

    def variants(self) -> dict[str, bytes]:
        """It, the same with a layout that is taken for any numbers, and sections cut short.

        One is cut by a byte, and one promises lengths of 32 bits and has none.
        """
        whole = self.head + self.section
        return {
            "": whole,
            "-hostile": whole[:1] + b"\x01" + whole[2:],
            "-cut": whole[:-1],
            "-without-lengths": self.head + b"\x00\x20",
        }


def _head(kind: int, tables: MadeTables, height: int, width: int, quality: int) -> bytes:
    sound = 0  # not hostile
    return bytes([kind, sound]) + tables.written + bytes([height - 1, width - 1, quality - 1])


def _counted(numbers: Iterable[int]) -> bytes:
    """Numbers from 1 up, one byte each."""
    return bytes(number - 1 for number in numbers)


def factorized(random: np.random.Generator) -> SectionCase:
    """A section of a factorized prior, one channel a table and quality."""
    channels = int(random.integers(1, 5))
    tables = random_tables(random, QUALITIES * channels, escape=True)
    height, width = random.integers(1, 9, 2).tolist()
    quality = int(random.integers(1, QUALITIES + 1))
    index = np.tile(np.arange(channels, dtype=np.int32) + (quality - 1) * channels, width)
    rows = random.normal(0, 3, (height, len(index))).astype(np.int32)
    streams = [range_coder.encode(row, index, tables.tables) for row in rows]
    head = _head(FACTORIZED, tables, height, width, quality)
    return SectionCase(head + bytes([channels - 1]), pack_rows(streams))


def bits(random: np.random.Generator) -> SectionCase:
    """A section of bits under a layout of up to four groups."""
    groups = tuple(random.integers(1, 5, random.integers(1, 5)).tolist())
    checkerboard = int(random.integers(len(groups) + 1))
    context_bits = int(random.integers(1, 4))
    contexts = tuple(
        tuple(random.integers(-1, 9 * step.seen, context_bits).tolist())
        for step in coding_passes(groups, checkerboard)
        for _ in range(step.channels)
    )
    sent = tuple(sorted(random.integers(1, sum(groups) + 1, QUALITIES).tolist()))
    layout = BitLayout(groups, checkerboard, int(random.integers(1, 9)), sent, contexts)
    tables = random_tables(random, int(random.integers(1, 17)), escape=True)
    whole = repeated(tables.tables, len(contexts) << context_bits)
    height, width = random.integers(1, 13, 2).tolist()
    quality = int(random.integers(1, QUALITIES + 1))
    latents = random.integers(0, 2, (height, width, layout.channels), np.uint8)
    (section,) = bit_sections.encode(latents, quality, {"latents": whole}, layout, range_coder)
    head = b"".join(
        [
            _head(BITS, tables, height, width, quality),
            bytes([len(groups) - 1]),
            _counted(groups),
            bytes([checkerboard, layout.rows_per_stream - 1, context_bits - 1]),
            _counted(sent),
            bytes(place + 1 for places in contexts for place in places),
        ]
    )
    return SectionCase(head, section)


def frame_before(
    pattern: int, shape: tuple[int, ...], hyper_shape: tuple[int, ...]
) -> FrameBefore:
    """The frame before that one byte stands for, below 250."""
    held = []
    for size, spread in ((shape, 30), (hyper_shape, 2)):
        values = (7 * np.arange(np.prod(size)) + pattern) % (2 * spread + 1) - spread
        held.append(values.astype(np.int32).reshape(size))
    return FrameBefore(*held)


def hyperprior(random: np.random.Generator, pattern: int | None = None) -> SectionCase:
    """Two sections of a hyperprior whose networks are formulas.

    pattern: of the frame before, where the sections are those of a frame that depends on it.
    """
    groups = tuple(random.integers(1, 5, random.integers(1, 5)).tolist())
    checkerboard = int(random.integers(len(groups) + 1))
    layout = Layout(
        groups,
        checkerboard,
        hyper_channels=int(random.integers(1, 5)),
        rows_per_stream=tuple(random.integers(1, 9, QUALITIES).tolist()),
        quincunx=int(random.integers(checkerboard + 1)),
    )
    made = random_tables(random, int(random.integers(2, 17)), escape=True)
    hyper = random_tables(random, int(random.integers(1, 17)), escape=True)
    tables = {
        "latents": made.tables,
        "hyper_latents": repeated(hyper.tables, QUALITIES * layout.hyper_channels),
    }
    features, quality = int(random.integers(1, 5)), int(random.integers(1, QUALITIES + 1))
    networks = ToyNetworks([step.channels for step in layout.passes], features, made.tables.count)
    height, width = random.integers(1, 13, 2).tolist()
    shape = height, width, layout.channels
    hyper_shape = (-(-height // 2), -(-width // 2), layout.hyper_channels)
    before = None
    if pattern is not None:
        before = frame_before(pattern, shape, hyper_shape)
        tables = {f"sequence_{name}": each for name, each in tables.items()}
    sections = hyperprior_sections.encode(
        random.normal(0, 2, shape).astype(np.float32), quality,
        networks, tables, layout, range_coder, thresholds=False,
        hyper_latents=random.integers(-3, 4, hyper_shape).astype(np.int32), before=before,
    )  # fmt: skip
    head = b"".join(
        [
            _head(HYPERPRIOR if before is None else DEPENDENT, made, height, width, quality),
            hyper.written,
            bytes([len(groups) - 1]),
            _counted(groups),
            bytes([checkerboard, layout.quincunx, layout.hyper_channels - 1]),
            _counted(layout.rows_per_stream),
            bytes([features - 1, 0]),  # the networks are the formulas
            b"" if pattern is None else bytes([pattern]),
            len(sections[0]).to_bytes(2, "little"),
            sections[0],
        ]
    )
    return SectionCase(head, sections[1])


def round_trip(random: np.random.Generator, kind: int) -> bytes:
    """Values for either of the round trips, most of them among their table's."""
    tables = random_tables(random, int(random.integers(1, 17)))
    height, width = random.integers(1, 5, 2).tolist()
    return _head(kind, tables, height, width, 1) + random.bytes(int(random.integers(20, 120)))
