"""Test vectors of files and sections that break off: which bytes suffice for which passes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tests.bitstream.bit_cases import random_bit_tables, random_bits, random_layout
from tests.spec import hyperprior_vectors, picture_vectors
from tests.spec.picture_lines import known_bundle, picture_lines
from tests.spec.refusals import kind_of
from tests.spec.vector_lines import bit_layout_lines, line, of_bytes, of_tables
from tests.spec.vector_tables import tables_around_zero
from tfcomp.bitstream.container import Container, pack
from tfcomp.entropy_kinds.base import EntropyCoder
from tfcomp.entropy_kinds.bits.coder import BitCoder
from tfcomp.entropy_kinds.factorized.coder import FactorizedCoder
from tfcomp.entropy_kinds.hyperprior.coder import HyperpriorCoder
from tfcomp.errors import CodecError

HEAD = """\
# {what}, of which only the first bytes are there. values: what a reader makes of them, with what is
# likeliest in place of what is missing. passes: up to which byte the section must be there for each
# of its passes; nothing where its lengths break off. shown: the quality that the decoder network
# takes."""
BIT_SECTIONS = 4
HYPERPRIORS = ("one-pass-each", "quincunx-and-checkerboard", "skipped-scales", "one-place")


def pictures() -> list[str]:
    """Whole files that break off anywhere."""
    lines = [
        "# Files of both versions that break off, read as far as they go. whole: 1 where nothing",
        "# is missing. All other words are those of pictures.txt.",
    ]
    for name, (data, of_bundle) in _files().items():
        lines += [f"case {name}", *picture_vectors.bundle_lines(of_bundle)]
        for cut in _cuts(data):
            lines += _picture(data[: cut if cut > 0 else len(data) + cut], of_bundle)
        changed = bytearray(data)
        changed[-6] ^= 1
        lines += _picture(bytes(changed), of_bundle)
    return lines


def _files() -> dict[str, tuple]:
    random = np.random.default_rng(61)
    sections = picture_vectors.random_sections(random)
    image = Container(picture_vectors.FINGERPRINT, 3, 30, 20, sections)
    cases = picture_vectors.cases()
    kept = ("metadata", "alpha", "grey-tiles", "sequence", "fixed-size")
    return {
        "version-1": (pack(image), known_bundle()),
        **{name: (picture_vectors.bytes_of(*cases[name]), cases[name][1]) for name in kept},
    }


def _cuts(data: bytes) -> list[int]:
    """Many of the first bytes, where the fields are, and some of the others."""
    first = range(1, min(len(data), 24), 2)
    return sorted({*first, *range(24, len(data), 1 + len(data) // 9), *range(-5, 1)})


def _picture(data: bytes, of_bundle) -> list[str]:
    try:
        held = picture_vectors.read(data, of_bundle, partial=True)
    except CodecError as error:
        return [of_bytes("bytes", data), f"check refuse {kind_of(str(error))}"]
    return [
        *picture_lines(held),
        line("whole", [held.whole]),
        of_bytes("bytes", data),
        "check read",
    ]


def factorized() -> list[str]:
    """Sections of a factorized prior that break off."""
    random = np.random.default_rng(62)
    lines = HEAD.format(what="The section of a factorized prior").splitlines()
    for name, (height, width, channels) in {"rows": (5, 2, 2), "many-rows": (33, 1, 1)}.items():
        tables = tables_around_zero(random, 2 * channels)
        coder = FactorizedCoder({"latents": tables}, 2, channels)
        latents = random.normal(0, 4, (height, width, channels)).astype(np.int32)
        (section,) = coder.encode(latents, 2)
        lines += [f"case {name}", *of_tables(tables), line("quality", [2])]
        lines += [line("shape", latents.shape)]
        lines += _sections(coder, (), section, 2, latents.shape[:2])
    return lines


def bits() -> list[str]:
    """Sections of bits that break off."""
    random = np.random.default_rng(63)
    lines = HEAD.format(what="The section of bits").splitlines()
    for number in range(BIT_SECTIONS):
        layout = random_layout(random, most_context_bits=2)
        tables, latents = random_bit_tables(random, layout), random_bits(random, layout, 6)
        quality = len(layout.sent)
        coder = BitCoder({"latents": tables}, layout)
        (section,) = coder.encode(latents, quality)
        lines += [f"case random-{number}", *bit_layout_lines(layout), *of_tables(tables)]
        lines += [line("quality", [quality]), line("shape", latents.shape)]
        lines += _sections(coder, (), section, quality, latents.shape[:2])
    return lines


def hyperprior() -> list[str]:
    """Second sections of a hyperprior that break off."""
    random = np.random.default_rng(64)
    lines = HEAD.format(what="A hyperprior's second section").splitlines()
    for name in HYPERPRIORS:
        case = hyperprior_vectors.with_tables(hyperprior_vectors.CASES[name], random)
        hyper, latents = hyperprior_vectors.random_latents(case, random)
        networks = hyperprior_vectors.networks_of(case, hyper)
        coder = HyperpriorCoder(
            case.tables, case.layout, networks, len(case.layout.rows_per_stream)
        )
        first, section = coder.encode(latents, case.quality)
        lines += [f"case {name}", *hyperprior_vectors.describe(case)]
        lines += [line("hyper_values", hyper.ravel()), of_bytes("hyper_bytes", first)]
        lines += _sections(coder, (first,), section, case.quality, case.size)
    return lines


def _sections(
    coder: EntropyCoder, before: tuple, section: bytes, quality: int, size: tuple[int, int]
) -> list[str]:
    """The section cut before and after each pass, within its lengths, and damaged."""
    ends = coder.pass_ends(section, quality, *size)
    assert ends is not None and ends[-1] == len(section)
    cuts = {0, 1, 2, 3, len(section)}
    for end in ends.tolist():
        cuts |= {end, end - 1, max(end - 3, 0)}
    lines: list[str] = []
    for cut in sorted(cuts):
        lines += _verdict(section[:cut], coder, before, quality, size)
    for other in _damaged(section):
        lines += _verdict(other, coder, before, quality, size)
    return lines


def _damaged(section: bytes) -> Iterator[bytes]:
    """Lengths that no writer gives, and streams that no encoder does."""
    yield b"\x80\0" + section[2:]
    yield b"\xff\xff\xff\xff\x1f" + section
    yield section[:1] + b"\x21" + section[2:]
    yield section[:1] + b"\x01\xff" + section[2:]
    yield section + b"\0"
    for position in (len(section) // 2, len(section) - 1):
        changed = bytearray(section)
        changed[position] ^= 0x80
        yield bytes(changed)


def _verdict(
    data: bytes, coder: EntropyCoder, before: tuple, quality: int, size: tuple[int, int]
) -> list[str]:
    try:
        values = coder.decode((*before, data), quality, *size, partial=True)
        ends = coder.pass_ends(data, quality, *size)
        shown = coder.shown_quality(data, quality, *size)
    except CodecError as error:
        return [of_bytes("bytes", data), f"check refuse {kind_of(str(error))}"]
    return [
        line("values", values.ravel()),
        line("passes", [] if ends is None else ends),
        line("shown", [shown]),
        of_bytes("bytes", data),
        "check read",
    ]
