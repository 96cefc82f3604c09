"""Test vectors of varints, of rows in a section, and of whole files."""

from __future__ import annotations

import zlib
from types import SimpleNamespace

import numpy as np

from tests.spec.refusals import kind_of
from tests.spec.vector_lines import line, of_bytes, verdict
from tfcomp.bitstream.container import MAX_PIXELS, Container, pack, parse
from tfcomp.bitstream.rows import pack_rows, unpack_rows
from tfcomp.bitstream.varint import decode_varint, encode_varint
from tfcomp.errors import BitstreamError, CodecError, UnknownBundleError

QUALITIES = 8


def varint() -> list[str]:
    lines = ["# Whole numbers below 2^32; then spellings that no writer uses."]
    for value in (0, 1, 127, 128, 300, 2**14 - 1, 2**14, 2**21, 2**28 - 1, 2**28, 2**32 - 1):
        data = encode_varint(value)
        lines += [f"case {value}", line("value", [value]), of_bytes("bytes", data), "check both"]
    lines.append("case refusals")
    for digits in ("", "80", "ffff", "8000", "ff8000", "ffffffff10", "8080808080", "ffffffffff01"):
        data = bytes.fromhex(digits)
        try:
            decode_varint(data)
        except BitstreamError as error:
            lines += [of_bytes("bytes", data), f"check refuse {kind_of(str(error))}"]
        else:
            raise AssertionError(digits)
    return lines


def rows() -> list[str]:
    random = np.random.default_rng(26)
    lines = ["# Streams in a section: how long each is, all of them in one line, and the section."]
    for name, lengths in {
        "one": [5],
        "one-empty": [0],
        "equal": [3, 3, 3],
        "unequal": [4, 0, 9, 2, 2],
        "long": [300, 299, 556],
    }.items():
        streams = [random.bytes(length) for length in lengths]
        lines += [f"case {name}", *_rows_lines(streams), of_bytes("bytes", pack_rows(streams))]
        lines.append("check both")
    lines += _odd_rows()
    return lines


def _rows_lines(streams: list[bytes]) -> list[str]:
    return [line("lengths", map(len, streams)), of_bytes("streams", b"".join(streams))]


def _odd_rows() -> list[str]:
    """Sections that no writer of ours makes: some are read, others refused."""
    lines = ["case odd"]
    for count, digits in (
        (2, "0104 10 aabbcc"),  # differences wider than they need to be
        (2, "0020 0100000002000000 aabbcc"),
        (1, ""),  # no shortest length
        (1, "01"),  # no width
        (1, "8000 00 aa"),  # a shortest length in a long form
        (2, "0021 000000000000000000 aa"),
        (2, "0300 aabbccddee"),  # too little for both
        (2, "0110 0000 0000"),
        (2, "0102 10 aabb"),  # bits that are padding
        (2, "0100 aabbcc"),  # bytes left over
        (2, "0101 01 aabb"),
        (2, "ffffffff0f 00 aa"),
        (2, "0020 ffffffffffffffff aa"),
    ):
        data = bytes.fromhex(digits)
        lengths = line("lengths", [0] * count)
        lines += verdict(data, lambda d, n=count: _rows_lines(unpack_rows(d, n)), [lengths])
    return lines


def container() -> list[str]:
    random = np.random.default_rng(21)
    lines = [
        "# Whole files. bundle: qualities, sections, width and height where they are fixed. holds:",
        "# quality, width, height. contents: the sections one after another, each of one stream.",
        "# max_pixels: larger pictures are refused.",
    ]
    sizes = ((2713, 7030), (1, 1), (300, 128), (48, 32), (65, 20000))
    for number, size in enumerate(sizes):
        fixed = size if number == 3 else None
        sections = tuple(
            pack_rows([random.bytes(int(random.integers(0, 30)))]) for _ in range(1 + number % 3)
        )
        fingerprint = random.bytes(4)
        held = Container(fingerprint, 1 + 3 * number % QUALITIES, *size, sections)
        data = pack(held, fixed)
        lines += [
            f"case {size[0]}x{size[1]}",
            line("bundle", [QUALITIES, len(sections), *(fixed or (0, 0))]),
            of_bytes("fingerprint", fingerprint),
            line("max_pixels", [MAX_PIXELS]),
            line("holds", [held.quality, *size]),
            line("lengths", map(len, sections)),
            of_bytes("contents", b"".join(sections)),
            of_bytes("bytes", data),
            "check both",
        ]
        bundle = SimpleNamespace(qualities=QUALITIES, section_count=len(sections), fixed_size=fixed)
        for other in _odd_files(data, fixed):
            lines += _refusal(other, bundle, fingerprint, MAX_PIXELS)
        if size != (1, 1):
            lines.append(line("max_pixels", [size[0] * size[1] - 1]))
            lines += _refusal(data, bundle, fingerprint, size[0] * size[1] - 1)
    return lines


def _refusal(data: bytes, bundle, fingerprint: bytes, max_pixels: int) -> list[str]:
    def lookup(named: bytes):
        if named != fingerprint:
            raise UnknownBundleError("another bundle wrote the file")
        return bundle

    try:
        parse(data, lookup, max_pixels)
    except CodecError as error:
        return [of_bytes("bytes", data), f"check refuse {kind_of(str(error))}"]
    raise AssertionError(data.hex())


def _odd_files(data: bytes, fixed: tuple[int, int] | None):
    """Cut short, with changed bytes, and with the CRC made good after the change."""
    body = data[:-4]
    yield from (b"", data[:2], b"\x89PNG" + data[4:], data[:3], data[:8], data[:12])
    yield data[:-1]
    for position in (3, 5, 8, len(body) - 1, len(data) - 1):
        changed = bytearray(data)
        changed[position] ^= 0x21
        yield bytes(changed)
    yield _sealed(body[:3] + b"\x02" + body[4:])
    yield _sealed(body[:4] + bytes(byte ^ 0x55 for byte in body[4:8]) + body[8:])
    yield _sealed(body[:8] + b"\x00" + body[9:])
    yield _sealed(body[:8] + bytes([QUALITIES + 1]) + body[9:])
    yield _sealed(body + b"\x00")
    yield _sealed(body[:-1])
    yield _sealed(body[:9])
    if fixed is None:
        sections = body[9 + _varint_bytes(body, 9) :]
        yield _sealed(body[:9] + b"\x00\x05" + sections)
        yield _sealed(body[:9] + b"\x05\x00" + sections)
        yield _sealed(body[:9] + b"\x85\x00\x05" + sections)
        yield _sealed(body[:9] + b"\xff\xff\xff\xff\x7f\x05" + sections)
        yield _sealed(body[:9] + b"\xff\xff\xff\xff\x0f\xff\xff\xff\xff\x0f" + sections)
        yield _sealed(body[:10])


def _varint_bytes(body: bytes, position: int) -> int:
    """How many bytes two varints take."""
    after = position
    for _ in range(2):
        _, after = decode_varint(body, after)
    return after - position


def _sealed(body: bytes) -> bytes:
    return body + zlib.crc32(body).to_bytes(4, "little")
