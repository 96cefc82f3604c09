"""The test vectors of the C library, written by the Python coder.

    python -m tests.c.vectors        writes c/tests/vectors again

Text, one thing a line: a word, then numbers, or bytes in hexadecimal. Reading it takes a few lines
in any language.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from tests.bitstream.coder_cases import random_symbols, random_tables
from tfcomp.bitstream import range_coder
from tfcomp.bitstream.container import Container, pack, parse
from tfcomp.bitstream.tables import load_tables
from tfcomp.errors import BitstreamError, CodecError
from tfcomp.runtime.bundle import read_manifest
from tfcomp.runtime.entropy import FactorizedCoder

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "c" / "tests" / "vectors"
BUNDLE = "tfcomp/bundles/cycle-factorized"
GOLDEN = "tests/golden/cycle-factorized"

STREAMS, CONTAINERS = 60, 12


def write(folder: Path = FOLDER) -> None:
    """Writes range_coder.txt, container.txt and latents.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in (
        ("range_coder.txt", _range_coder()),
        ("container.txt", _container()),
        ("latents.txt", _latents()),
    ):
        (folder / name).write_text("\n".join(lines) + "\n", encoding="ascii")


def _line(word: str, numbers) -> str:
    return " ".join([word, *(str(int(number)) for number in numbers)])


def _range_coder() -> list[str]:
    random = np.random.default_rng(20)
    lines = ["# Values, the bytes they are coded as, and damaged bytes with what becomes of them."]
    for _ in range(STREAMS):
        tables = random_tables(random)
        symbols, index = random_symbols(random, tables, int(random.integers(0, 60)))
        values = symbols + tables.cdf_offset[index]
        data = range_coder.encode(values, index, tables)
        lines += [
            _line("cdf", tables.cdf),
            _line("starts", tables.starts),
            _line("offsets", tables.cdf_offset),
            _line("index", index),
            _line("values", values),
            f"bytes {data.hex()}",
        ]
        changed = bytearray(data or b"\x01")
        changed[int(random.integers(len(changed)))] ^= 1 << int(random.integers(8))
        try:
            lines.append(_line("decodes", range_coder.decode(bytes(changed), index, tables)))
        except BitstreamError:
            lines.append("damaged")
        lines.append(f"bytes {bytes(changed).hex()}")
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
        lines.append(_line("bundle", [8, bundle.section_count, *(fixed or (0, 0))]))
        for version in _versions(data, random):
            try:
                held = parse(version, lambda _: bundle)  # noqa: B023
            except CodecError:
                lines.append("holds")
            else:
                fields = [held.quality, held.width, held.height, *map(len, held.sections)]
                lines.append(_line("holds", fields))
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
    manifest = read_manifest(ROOT / BUNDLE)
    tables = load_tables(ROOT / BUNDLE / "tables.npz")
    coder = FactorizedCoder(tables, manifest.qualities, manifest.channels)
    lines = [
        "# Stored files and their latents: quality, height, width, channels, CRC-32 of the latents",
        "# as little-endian int32 (written as a signed number).",
        f"file {BUNDLE}/tables.npz",
        _line("tables", [tables["latents"].count]),
    ]
    for path in sorted((ROOT / GOLDEN).glob("*.tfcomp")):
        held = parse(path.read_bytes(), lambda _: manifest)
        size = [-(-side // manifest.stride) for side in (held.height, held.width)]
        latents = coder.decode(held.sections, held.quality, *size)
        crc = np.uint32(zlib.crc32(latents.astype("<i4").tobytes())).astype(np.int32)
        lines.append(f"file {GOLDEN}/{path.name}")
        lines.append(_line("latents", [held.quality, *latents.shape, crc]))
    return lines


if __name__ == "__main__":
    write()
