"""Test vectors of a hyperprior's two sections: small random layouts, formulas for networks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tests.bitstream.coder_cases import random_table, tables_of
from tests.c import lines
from tests.c.toy_networks import ToyNetworks
from tfcomp.bitstream import hyperprior_sections, range_coder
from tfcomp.bitstream.hyperprior_sections import Layout
from tfcomp.bitstream.tables import CdfTables
from tfcomp.errors import BitstreamError

CASES = 10
TALL = (70, 3)  # [height, width] of one case: two streams of hyper-latents, two bands in Python


class Case(NamedTuple):
    """One layout, and latents to code with it. quality: from 1. features: of the networks."""

    layout: Layout
    tables: dict[str, CdfTables]
    features: int
    quality: int
    latents: np.ndarray
    hyper_latents: np.ndarray

    @property
    def networks(self) -> ToyNetworks:
        channels = [step.channels for step in self.layout.passes]
        return ToyNetworks(channels, self.features, self.tables["latents"].count)

    def encode(self) -> tuple[bytes, bytes]:
        return hyperprior_sections.encode(
            self.latents, self.quality, self.networks, self.tables, self.layout, range_coder,
            thresholds=False, hyper_latents=self.hyper_latents,
        )  # fmt: skip

    def decode(self, sections: tuple[bytes, bytes]) -> np.ndarray:
        return hyperprior_sections.decode(
            sections, self.quality, *self.latents.shape[:2], self.networks, self.tables,
            self.layout, range_coder,
        )  # fmt: skip


def write_lines() -> list[str]:
    random = np.random.default_rng(23)
    found = [
        "# Pairs of sections: a layout (checkerboard, quincunx, channels of hyper-latents,",
        "# features; groups; rows of a stream for each quality), the tables of either section;",
        "# then what they hold, as in latents.txt, or, if refused, that without the CRC.",
    ]
    for number in range(CASES):
        case = _random_case(random, TALL if number == CASES - 1 else None)
        found += _describe(case)
        for sections in _versions(case.encode(), random):
            try:
                found.append(lines.of_latents(case.quality, case.decode(sections)))
            except BitstreamError:
                found.append(lines.of_refusal(case.quality, case.latents.shape))
            for section, data in enumerate(sections):
                found += [lines.line("section", [section]), f"bytes {data.hex()}"]
    return found


def _describe(case: Case) -> list[str]:
    layout = case.layout
    found = [
        lines.line(
            "layout",
            [layout.checkerboard, layout.quincunx, layout.hyper_channels, case.features],
        ),
        lines.line("groups", layout.groups),
        lines.line("rows", layout.rows_per_stream),
    ]
    for section, name in enumerate(hyperprior_sections.SECTION_NAMES):
        found += [lines.line("section", [section]), *lines.of_tables(case.tables[name])]
    return found


def _random_case(random: np.random.Generator, size: tuple[int, int] | None) -> Case:
    """size: [height, width] of the latents; random if None."""
    groups = tuple(random.integers(1, 4, random.integers(1, 4)).tolist())
    qualities = int(random.integers(1, 4))
    checkerboard = len(groups) if size else int(random.integers(len(groups) + 1))
    layout = Layout(
        groups,
        checkerboard,
        hyper_channels=int(random.integers(1, 4)),
        rows_per_stream=tuple(random.integers(1, 6, qualities).tolist()),
        quincunx=int(random.integers(checkerboard + 1)),
    )
    height, width = size or random.integers(1, 10, 2).tolist()
    shape = (height, width, layout.channels)
    far = np.where(random.random(shape) < 0.03, 30, 1)  # beyond what the networks are shown
    hyper_shape = (-(-height // 2), -(-width // 2), layout.hyper_channels)
    return Case(
        layout,
        {
            "hyper_latents": _random_tables(random, qualities * layout.hyper_channels),
            "latents": _random_tables(random, int(random.integers(2, 6))),
        },
        features=int(random.integers(1, 4)),
        quality=int(random.integers(1, qualities + 1)),
        latents=(random.normal(0, 2, shape) * far).astype(np.float32),
        hyper_latents=random.integers(-5, 6, hyper_shape).astype(np.int32),
    )


def _random_tables(random: np.random.Generator, count: int) -> CdfTables:
    """Of values around zero; all escape, since any value may meet any table."""
    tables = [random_table(random, escape=True) for _ in range(count)]
    return tables_of(*tables, offsets=[-(len(table) // 2) for table in tables])


def _versions(
    sections: tuple[bytes, bytes], random: np.random.Generator
) -> Iterator[tuple[bytes, bytes]]:
    """As they are; and either of them cut short, longer, or with a changed bit."""
    yield sections
    for number in range(2):
        section = sections[number]
        changed = bytearray(section)
        changed[int(random.integers(len(changed)))] ^= 1 << int(random.integers(8))
        for other in (section[:-1], section + b"\0", bytes(changed)):
            yield (other, sections[1]) if number == 0 else (sections[0], other)
