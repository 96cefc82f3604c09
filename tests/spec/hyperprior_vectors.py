"""Test vectors of a hyperprior's two sections: small layouts, formulas for networks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from tests.spec.quantizer_vectors import latent_that_needs_float64
from tests.spec.refusals import kind_of
from tests.spec.toy_networks import ToyNetworks
from tests.spec.vector_lines import line, of_bytes, of_floats, of_tables
from tests.spec.vector_tables import heavy_tables, tables_around_zero
from tfcomp.bitstream import range_coder
from tfcomp.bitstream.rate_distortion_quantizer import MAX_VALUE, threshold_shifts
from tfcomp.bitstream.rows import pack_rows
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy_kinds.hyperprior import sections as hyperprior_sections
from tfcomp.entropy_kinds.hyperprior.layout import SECTION_NAMES, Layout
from tfcomp.errors import BitstreamError

HEAD = """\
# The two sections of a hyperprior. layout: checkerboard, quincunx, channels of the hyper-latents,
# features, skipped scales; weights: bits that a squared error is worth, one a quality, none for the
# usual one. hyper_...: of the first section. latents: float32, in steps, what an encoder starts
# from; values: what it writes and a decoder gives, in eighths of a step."""


@dataclass(frozen=True)
class Case:
    """One layout, and latents to code with it. quality: from 1. size: of the latents."""

    layout: Layout
    size: tuple[int, int] = (5, 6)
    features: int = 2
    skipped: int = 0
    quality: int = 1
    heavy: bool = False
    spread: float = 2.0
    far: float = 0.0  # share of latents that are 30 times as large
    farthest: float = 0.0  # added to one latent
    tables: dict[str, CdfTables] = field(default_factory=dict)


_LAYOUT = Layout((2, 3), 0, hyper_channels=2, rows_per_stream=(3, 1))
CASES = {
    "one-pass-each": Case(_LAYOUT),
    "one-place": Case(_LAYOUT, size=(1, 1), quality=2),
    "checkerboard": Case(replace(_LAYOUT, checkerboard=1), far=0.05),
    "all-checkerboard": Case(replace(_LAYOUT, groups=(1, 1, 2), checkerboard=3), quality=2),
    "quincunx": Case(replace(_LAYOUT, groups=(3,), checkerboard=1, quincunx=1), size=(7, 5)),
    "quincunx-and-checkerboard": Case(
        replace(_LAYOUT, groups=(1, 2, 2), checkerboard=2, quincunx=1), features=3
    ),
    "heavy-tails": Case(replace(_LAYOUT, checkerboard=2), heavy=True, far=0.2, quality=2),
    "skipped-scales": Case(replace(_LAYOUT, checkerboard=1, quincunx=1), skipped=6),
    "low-weights": Case(replace(_LAYOUT, checkerboard=1, distortion_weights=(1.5, 4.0))),
    "high-weights": Case(
        replace(_LAYOUT, quincunx=2, checkerboard=2, distortion_weights=(40.0, 1e9)), quality=2
    ),
    "beyond-16-bits": Case(replace(_LAYOUT, checkerboard=2), farthest=9e3),
    "two-streams-of-hyper-latents": Case(
        replace(_LAYOUT, groups=(1, 2), checkerboard=2, quincunx=1), size=(70, 3), quality=2
    ),
}


def write_lines() -> list[str]:
    random = np.random.default_rng(23)
    found = HEAD.splitlines()
    at_float32 = 0
    for name, case in CASES.items():
        case = with_tables(case, random)
        hyper, latents = random_latents(case, random)
        at_float32 += _move_to_thresholds(case, hyper, latents)
        sections, values = hyperprior_sections.encode_and_decode(
            latents, case.quality, networks_of(case, hyper), case.tables, case.layout, range_coder
        )
        found += [
            f"case {name}",
            *describe(case),
            line("hyper_values", hyper.ravel()),
            of_floats("latents", latents),
            line("values", values.ravel()),
            *section_lines(sections),
            "check both",
        ]
        for damaged in damages(sections, random):
            found += _verdict(case, damaged)
        if name == "one-place":
            found += _verdict(case, (_with_a_far_value(case, hyper), sections[1]))
    if at_float32 < 5:
        raise AssertionError("too few latents show whether thresholds are met in float64")
    return found


def networks_of(case: Case, hyper: np.ndarray | None = None) -> ToyNetworks:
    channels = [step.channels for step in case.layout.passes]
    count = case.tables["latents"].count
    return ToyNetworks(channels, case.features, count, case.skipped, hyper)


def describe(case: Case) -> list[str]:
    """All but values and bytes, as lines of vectors."""
    layout, hyper = case.layout, SECTION_NAMES[0]
    weights = " ".join(["weights", *map(repr, layout.distortion_weights)])
    numbers = [layout.checkerboard, layout.quincunx, layout.hyper_channels]
    return [
        line("layout", [*numbers, case.features, case.skipped]),
        line("groups", layout.groups),
        line("rows", layout.rows_per_stream),
        weights,
        *of_tables(case.tables[hyper], "hyper_"),
        *of_tables(case.tables["latents"]),
        line("quality", [case.quality]),
        line("shape", [*case.size, layout.channels]),
    ]


def section_lines(sections: tuple[bytes, bytes]) -> list[str]:
    return [of_bytes("hyper_bytes", sections[0]), of_bytes("bytes", sections[1])]


def _verdict(case: Case, sections: tuple[bytes, bytes]) -> list[str]:
    """What becomes of other sections under the same layout."""
    try:
        decoded = hyperprior_sections.decode(
            sections, case.quality, *case.size, networks_of(case), case.tables, case.layout,
            range_coder,
        )  # fmt: skip
    except BitstreamError as error:
        return [*section_lines(sections), f"check refuse {kind_of(str(error))}"]
    # What the damage made of the hyper-latents is not written down.
    return [line("values", decoded.ravel()), *section_lines(sections), "check read"]


def with_tables(case: Case, random: np.random.Generator) -> Case:
    """The case with random tables."""
    hyper_count = len(case.layout.rows_per_stream) * case.layout.hyper_channels
    latents = heavy_tables() if case.heavy else tables_around_zero(random, 6)
    tables = {SECTION_NAMES[0]: tables_around_zero(random, hyper_count), SECTION_NAMES[1]: latents}
    return replace(case, tables=tables)


def random_latents(case: Case, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Hyper-latents int32 [zh, zw, Cz] and latents float32 [h, w, C]."""
    height, width = case.size
    shape = (height, width, case.layout.channels)
    far = np.where(random.random(shape) < case.far, 30, 1)  # beyond what the networks are shown
    latents = (random.normal(0, case.spread, shape) * far).astype(np.float32)
    latents[height // 2, width // 2, 0] += np.float32(case.farthest)
    hyper_shape = (-(-height // 2), -(-width // 2), case.layout.hyper_channels)
    return random.integers(-5, 6, hyper_shape).astype(np.int32), latents


def _move_to_thresholds(case: Case, hyper: np.ndarray, latents: np.ndarray) -> int:
    """Moves latents of the first pass to where float32 would round otherwise; gives how many."""
    step, layout = case.layout.passes[0], case.layout
    networks = networks_of(case)
    height, width = case.size
    features = networks.hyper_synthesis(hyper, case.quality)[:height, :width]
    nothing = np.zeros((height, width, 0), np.int32)
    both = networks.parameters(0, features, nothing, case.quality)
    shifts = threshold_shifts(case.tables["latents"], layout.distortion_weight(case.quality))
    moved = 0
    for y, x in np.argwhere(hyperprior_sections.squares(height, width, step))[::3]:
        for channel in range(step.channels):
            mean, scale = both[y, x, [channel, step.channels + channel]].tolist()
            latent = latent_that_needs_float64(mean, scale, shifts) if scale else None
            if latent is not None:
                latents[y, x, channel] = latent
                moved += 1
    return moved


def _with_a_far_value(case: Case, hyper: np.ndarray) -> bytes:
    """The first section with a hyper-latent that is farther out than any reader takes."""
    far = hyper.ravel().copy()
    far[0] = MAX_VALUE + 1
    first = (case.quality - 1) * len(far)
    index = np.arange(first, first + len(far), dtype=np.int32)
    return pack_rows([range_coder.encode(far, index, case.tables[SECTION_NAMES[0]])])


def damages(
    sections: tuple[bytes, bytes], random: np.random.Generator
) -> Iterator[tuple[bytes, bytes]]:
    """Either of them cut short, longer, or with a changed bit."""
    for number in range(2):
        section = sections[number]
        changed = bytearray(section)
        changed[int(random.integers(2, len(changed)))] ^= 1 << int(random.integers(8))
        for other in (section[:-1], section + b"\0", bytes(changed)):
            yield (other, sections[1]) if number == 0 else (sections[0], other)
