"""The test vectors of the format, written by the Python coder.

    python -m tests.spec.make_vectors        writes spec/vectors again

spec/vectors/README.md says how they are laid out. They change only where cases are added: bytes
that the format once had it has for good.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from tests.bitstream.bit_cases import random_bit_tables, random_bits, random_layout
from tests.bitstream.coder_cases import random_symbols, random_tables, tables_of
from tests.spec import (
    container_vectors,
    cut_vectors,
    dependent_vectors,
    hyperprior_vectors,
    make_golden,
    picture_vectors,
    quantizer_vectors,
)
from tests.spec.vector_lines import bit_layout_lines, line, of_bytes, of_tables, verdict
from tests.spec.vector_tables import tables_around_zero
from tfcomp.bitstream import range_coder
from tfcomp.entropy_kinds.bits import sections as bit_sections
from tfcomp.entropy_kinds.factorized.coder import FactorizedCoder
from tfcomp.runtime import registry

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "spec" / "vectors"
STREAMS, BIT_SECTIONS = 60, 8


def write(folder: Path = FOLDER) -> None:
    """Writes every file of vectors."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in (
        ("varint", container_vectors.varint()),
        ("rows", container_vectors.rows()),
        ("container", container_vectors.container()),
        ("range_coder", _range_coder()),
        ("factorized", _factorized()),
        ("bits", _bits()),
        ("rate_distortion", quantizer_vectors.write_lines()),
        ("hyperprior", hyperprior_vectors.write_lines()),
        ("dependent", dependent_vectors.write_lines()),
        ("boxes", picture_vectors.boxes()),
        ("pictures", picture_vectors.pictures()),
        ("cut_pictures", cut_vectors.pictures()),
        ("cut_factorized", cut_vectors.factorized()),
        ("cut_bits", cut_vectors.bits()),
        ("cut_hyperprior", cut_vectors.hyperprior()),
        ("golden", _golden()),
    ):
        text = "\n".join(lines) + "\n"
        (folder / f"{name}.txt").write_text(text, encoding="ascii", newline="\n")


def _stream(tables, index, values, data: bytes) -> list[str]:
    """Values, their tables and the bytes that they are coded as."""
    return [
        *of_tables(tables),
        line("index", index),
        line("values", values),
        of_bytes("bytes", data),
        "check both",
    ]


def _verdict(tables, index, data: bytes) -> list[str]:
    """What becomes of other bytes under the same tables."""
    return verdict(data, lambda d: [line("values", range_coder.decode(d, index, tables))])


def _section(tables, quality: int, values: np.ndarray, data: bytes) -> list[str]:
    """[height, width, channels] values and the section that they are coded as."""
    return [
        *of_tables(tables),
        line("quality", [quality]),
        line("shape", values.shape),
        line("values", values.ravel()),
        of_bytes("bytes", data),
        "check both",
    ]


def _range_coder() -> list[str]:
    random = np.random.default_rng(20)
    lines = [
        "# Values, each with the number of its table, and the bytes that they are coded as; then",
        "# these bytes with a changed bit.",
    ]
    for number in range(STREAMS):
        tables = random_tables(random)
        symbols, index = random_symbols(random, tables, int(random.integers(0, 60)))
        values = symbols + tables.cdf_offset[index]
        data = range_coder.encode(values, index, tables)
        lines += [f"case random-{number}", *_stream(tables, index, values, data)]
        changed = bytearray(data or b"\x01")
        changed[int(random.integers(len(changed)))] ^= 1 << int(random.integers(8))
        lines += _verdict(tables, index, bytes(changed))
    return lines + _spare_zeros() + _far_values()


def _spare_zeros() -> list[str]:
    """Zeros that an encoder leaves out, at the end of a stream, and zeros that it writes."""
    lines = ["# Zeros at the end: within the decoder's reach they mean nothing, beyond it damage."]
    coin, rare = tables_of([1, 0, 1, 2]), tables_of([16, 0, 1, 65536])
    cases = ((coin, []), (coin, [1]), (coin, [0] * 8), (rare, [0] * 4), (rare, [1]))
    for number, (tables, values) in enumerate(cases):
        symbols, index = np.array(values, np.int32), np.zeros(len(values), np.int32)
        data = range_coder.encode(symbols, index, tables)
        lines += [f"case zeros-{number}", *_stream(tables, index, values, data)]
        for other in (data + b"\0", data + bytes(5), data.rstrip(b"\0")):
            lines += _verdict(tables, index, other)
    return lines


def _far_values() -> list[str]:
    """Values at the ends of 32 bits, and a symbol whose value lies beyond."""
    lines = ["# The farthest values, and one beyond 32 bits."]
    low = tables_of([-2, 0, 1, 4], offsets=[-(2**31) + 2**20])
    index = np.zeros(2, np.int32)
    values = np.array([-(2**31), -(2**31) + 2**20], np.int32)
    data = range_coder.encode(values, index, low)
    lines += ["case far-below", *_stream(low, index, values, data)]
    nearer = tables_of([-2, 0, 1, 4], offsets=[-(2**31) + 2**10])
    return lines + of_tables(nearer) + _verdict(nearer, index, data)


def _factorized() -> list[str]:
    random = np.random.default_rng(24)
    lines = [
        "# The section of a factorized prior: latents [height, width, channels], the table of a",
        "# channel being (quality - 1) * channels + channel.",
    ]
    for name, (height, width, channels, qualities) in {
        "one-latent": (1, 1, 1, 1),
        "one-row": (1, 7, 3, 2),
        "many-rows": (9, 2, 4, 3),
    }.items():
        count = channels * qualities
        tables = tables_around_zero(random, count)
        coder = FactorizedCoder({"latents": tables}, qualities, channels)
        quality = int(random.integers(1, qualities + 1))
        latents = random.normal(0, 6, (height, width, channels)).astype(np.int32)
        (section,) = coder.encode(latents, quality)
        lines += [f"case {name}", *_section(tables, quality, latents, section)]
        latents[0, 0, 0] = 2**24
        (edge,) = coder.encode(latents, quality)
        latents[0, 0, 0] = -(2**24) - 1
        (beyond,) = coder.encode(latents, quality)
        changed = bytearray(section)
        changed[-1] ^= 0x40
        for data in (edge, beyond, section[:-1], section + b"\0", bytes(changed)):
            sizes = quality, height, width
            lines += verdict(data, lambda d, c=coder, s=sizes: _values(c.decode((d,), *s)))
    return lines


def _bits() -> list[str]:
    random = np.random.default_rng(22)
    lines = [
        "# The section of bits. layout: checkerboard, rows of a stream, bits of a context.",
        "# contexts: the places of each channel of each pass. values: the bits, 0 where not sent.",
    ]
    for number in range(BIT_SECTIONS):
        layout = random_layout(random, most_context_bits=3)
        tables, bits = random_bit_tables(random, layout), random_bits(random, layout, 9)
        quality = int(random.integers(1, len(layout.sent) + 1))
        bits[..., layout.sent[quality - 1] :] = 0
        held = {"latents": tables}
        (section,) = bit_sections.encode(bits, quality, held, layout, range_coder)
        lines += [f"case random-{number}", *bit_layout_lines(layout)]
        lines += _section(tables, quality, bits, section)
        changed = bytearray(section)
        changed[int(random.integers(len(changed)))] ^= 1 << int(random.integers(8))
        for data in (section[:-1], section + b"\0", bytes(changed)):
            inputs = quality, *bits.shape[:2], held, layout, range_coder
            lines += verdict(data, lambda d, i=inputs: _values(bit_sections.decode((d,), *i)))
    return lines


def _values(found: np.ndarray) -> list[str]:
    return [line("values", found.ravel())]


def _golden() -> list[str]:
    lines = [
        "# Files that shipped bundles wrote, and the latents that they hold: shape, and CRC-32 of",
        "# the latents as little-endian int32.",
    ]
    for path in sorted(make_golden.HOME.glob("*/*.tfcomp")):
        data = path.read_bytes()
        latents, container = make_golden.decode_latents(data)
        bundle = registry.find_by_fingerprint(container.fingerprint).path
        lines += [
            f"case {path.parent.name}/{path.stem}",
            f"bundle {Path(bundle).relative_to(ROOT).as_posix()}",
            f"file {path.relative_to(ROOT).as_posix()}",
            line("shape", latents.shape),
            line("crc32", [zlib.crc32(latents.astype("<i4").tobytes())]),
            "check read",
        ]
    return lines


if __name__ == "__main__":
    write()
