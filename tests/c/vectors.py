"""The test vectors of the C library, written by the Python coder.

    python -m tests.c.vectors        writes c/tests/vectors again

Text, one thing a line: a word, then numbers, or bytes in hexadecimal. Reading it takes a few lines
in any language.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from tests.bitstream.bit_cases import random_bit_tables, random_bits, random_layout
from tests.bitstream.coder_cases import random_symbols, random_tables, tables_of
from tests.c import hyperprior_vectors
from tests.c.lines import line, of_latents, of_refusal, of_tables
from tfcomp.bitstream import bit_sections, range_coder
from tfcomp.bitstream.bit_layout import BitLayout
from tfcomp.bitstream.container import Container, pack, parse
from tfcomp.bitstream.tables import load_tables
from tfcomp.errors import BitstreamError, CodecError
from tfcomp.runtime.bundle import read_manifest
from tfcomp.runtime.entropy import BitCoder, FactorizedCoder

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "c" / "tests" / "vectors"
BUNDLES, GOLDEN = "tfcomp/bundles", "tests/golden"
FACTORIZED = ("cycle-factorized", "vaegan-faces")
BITS = "binary"

STREAMS, CONTAINERS, BIT_SECTIONS = 60, 12, 10


def write(folder: Path = FOLDER) -> None:
    """Writes range_coder.txt, container.txt, latents.txt, bits.txt and hyperprior.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in (
        ("range_coder.txt", _range_coder()),
        ("container.txt", _container()),
        ("latents.txt", _latents()),
        ("bits.txt", _bits()),
        ("hyperprior.txt", hyperprior_vectors.write_lines()),
    ):
        (folder / name).write_text("\n".join(lines) + "\n", encoding="ascii")


def _stream(tables, index, values, data: bytes) -> list[str]:
    """Values, their tables and the bytes that they are coded as."""
    return [
        *of_tables(tables),
        line("index", index),
        line("values", values),
        f"bytes {data.hex()}",
    ]


def _verdict(tables, index, data: bytes) -> list[str]:
    """What becomes of other bytes under the same tables, and those bytes."""
    try:
        first = line("decodes", range_coder.decode(data, index, tables))
    except BitstreamError:
        first = "damaged"
    return [first, f"bytes {data.hex()}"]


def _range_coder() -> list[str]:
    random = np.random.default_rng(20)
    lines = ["# Values, the bytes they are coded as, and damaged bytes with what becomes of them."]
    for _ in range(STREAMS):
        tables = random_tables(random)
        symbols, index = random_symbols(random, tables, int(random.integers(0, 60)))
        values = symbols + tables.cdf_offset[index]
        data = range_coder.encode(values, index, tables)
        lines += _stream(tables, index, values, data)
        changed = bytearray(data or b"\x01")
        changed[int(random.integers(len(changed)))] ^= 1 << int(random.integers(8))
        lines += _verdict(tables, index, bytes(changed))
    return lines + _spare_zeros()


def _spare_zeros() -> list[str]:
    """Zeros that an encoder leaves out, at the end of a stream, and zeros that it writes."""
    lines = ["# Zeros at the end: within the decoder's reach they mean nothing, beyond it damage."]
    coin, rare = tables_of([1, 0, 1, 2]), tables_of([16, 0, 1, 65536])
    for tables, values in ((coin, []), (coin, [1]), (coin, [0] * 8), (rare, [0] * 4), (rare, [1])):
        symbols, index = np.array(values, np.int32), np.zeros(len(values), np.int32)
        data = range_coder.encode(symbols, index, tables)
        lines += _stream(tables, index, values, data)
        for other in (data + b"\0", data + bytes(5), data.rstrip(b"\0")):
            lines += _verdict(tables, index, other)
    return lines


class _Bundle:
    def __init__(self, qualities, section_count, fixed_size):
        self.qualities, self.section_count = qualities, section_count
        self.fixed_size = fixed_size


def _container() -> list[str]:
    random = np.random.default_rng(21)
    lines = ["# Files; what they hold: quality, width, height, section lengths. Nothing: refused."]
    for number in range(CONTAINERS):
        fixed = (32, 48) if number % 4 == 3 else None
        bundle = _Bundle(8, 1 + number % 3, fixed)
        width, height = fixed or (int(random.integers(1, 9000)), int(random.integers(1, 9000)))
        sections = tuple(
            random.bytes(int(random.integers(0, 200))) for _ in range(bundle.section_count)
        )
        data = pack(
            Container(random.bytes(4), int(random.integers(1, 9)), width, height, sections), fixed
        )
        lines.append(line("bundle", [8, bundle.section_count, *(fixed or (0, 0))]))
        for version in _versions(data, random):
            try:
                held = parse(version, lambda _: bundle)  # noqa: B023
            except CodecError:
                lines.append("holds")
            else:
                fields = [held.quality, held.width, held.height, *map(len, held.sections)]
                lines.append(line("holds", fields))
            lines.append(f"bytes {version.hex()}")
    return lines


def _versions(data: bytes, random: np.random.Generator):
    """The file; cut short; with a changed byte; and with the CRC made good after the change."""
    yield data
    yield data[: int(random.integers(len(data)))]
    for position in (3, 8, 9, 10, 11, int(random.integers(9, len(data) - 4))):
        changed = bytearray(data)
        changed[position] ^= int(random.integers(1, 256))
        yield bytes(changed)
        yield bytes(changed[:-4]) + zlib.crc32(changed[:-4]).to_bytes(4, "little")


def _latents() -> list[str]:
    lines = [
        "# Stored files and their latents: quality, height, width, channels, CRC-32 of the latents",
        "# as little-endian int32 (written as a signed number).",
    ]
    for name in FACTORIZED:
        manifest = read_manifest(ROOT / BUNDLES / name)
        tables = load_tables(ROOT / BUNDLES / name / "tables.npz")
        coder = FactorizedCoder(tables, manifest.qualities, manifest.channels)
        lines += [
            f"file {BUNDLES}/{name}/tables.npz",
            line("tables", [tables["latents"].count]),
            line("bundle", [manifest.qualities, 1, *(manifest.fixed_size or (0, 0))]),
            *_golden_latents(name, manifest, coder),
        ]
    return lines


def _golden_latents(name: str, manifest, coder) -> list[str]:
    lines = []
    for path in sorted((ROOT / GOLDEN / name).glob("*.tfcomp")):
        held = parse(path.read_bytes(), lambda _: manifest)
        size = [-(-side // manifest.stride) for side in (held.height, held.width)]
        latents = coder.decode(held.sections, held.quality, *size)
        lines.append(f"file {GOLDEN}/{name}/{path.name}")
        lines.append(of_latents(held.quality, latents))
    return lines


def _layout(layout: BitLayout) -> list[str]:
    return [
        line("layout", [layout.checkerboard, layout.rows_per_stream, layout.context_bits]),
        line("groups", layout.groups),
        line("sent", layout.sent),
        line("contexts", [place for places in layout.contexts for place in places]),
    ]


def _bits() -> list[str]:
    random = np.random.default_rng(22)
    lines = [
        "# Sections of bits. A layout: checkerboard, rows of a stream, bits of a context; then",
        "# what a section holds, as in latents.txt, or, where it is refused, that without the CRC.",
    ]
    for _ in range(BIT_SECTIONS):
        layout = random_layout(random, most_context_bits=3)
        tables, bits = random_bit_tables(random, layout), random_bits(random, layout, 14)
        quality = int(random.integers(1, len(layout.sent) + 1))
        held = {"latents": tables}
        (section,) = bit_sections.encode(bits, quality, held, layout, range_coder)
        changed = bytearray(section)
        changed[int(random.integers(len(changed)))] ^= 1 << int(random.integers(8))
        lines += _layout(layout)
        lines += of_tables(tables)
        for version in (section, section[:-1], section + b"\0", bytes(changed)):
            try:
                latents = bit_sections.decode(
                    (version,), quality, *bits.shape[:2], held, layout, range_coder
                )
            except BitstreamError:
                lines.append(of_refusal(quality, bits.shape))
            else:
                lines.append(of_latents(quality, latents))
            lines.append(f"bytes {version.hex()}")
    manifest = read_manifest(ROOT / BUNDLES / BITS)
    tables = load_tables(ROOT / BUNDLES / BITS / "tables.npz")
    assert manifest.bit_layout is not None
    return [
        *lines,
        "# Stored files.",
        *_layout(manifest.bit_layout),
        f"file {BUNDLES}/{BITS}/tables.npz",
        line("tables", [tables["latents"].count]),
        *_golden_latents(BITS, manifest, BitCoder(tables, manifest.bit_layout)),
    ]


if __name__ == "__main__":
    write()
