"""Test vectors of format version 2: boxes, and the pictures and sequences that they make."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np

from tests.spec.picture_lines import QUALITIES, known_bundle, picture_lines, tile_sizes
from tests.spec.refusals import kind_of
from tests.spec.vector_lines import line, of_bytes
from tfcomp.bitstream.boxes import MAX_BOXES, START, Box, pack_boxes, read_boxes
from tfcomp.bitstream.container import Container
from tfcomp.bitstream.picture_file import METADATA_BYTES, Alpha, Frame, PictureFile
from tfcomp.bitstream.picture_reader import read_file
from tfcomp.bitstream.picture_writer import write_file
from tfcomp.bitstream.rows import pack_rows
from tfcomp.bitstream.varint import encode_varint
from tfcomp.errors import BitstreamError, CodecError, UnknownBundleError

FINGERPRINT = bytes.fromhex("c0ffee07")


def boxes() -> list[str]:
    """Rows of boxes: types (ASCII codes), lengths, contents one after another."""
    lines = [
        "# Rows of boxes of any type. types: their letters' codes. lengths, contents: of the",
        "# payloads, all of them in one line.",
    ]
    random = np.random.default_rng(41)
    for name, row in {
        "none": [],
        "one": [Box("I", b"abc")],
        "empty": [Box("q", b""), Box("Q", b"")],
        "long": [Box("e", random.bytes(300)), Box("I", random.bytes(129)), Box("z", b"\0")],
    }.items():
        data = pack_boxes(row)
        lines += [
            f"case {name}",
            line("types", [ord(box.type) for box in row]),
            line("lengths", [len(box.payload) for box in row]),
            of_bytes("contents", b"".join(box.payload for box in row)),
            of_bytes("bytes", data),
            "check both",
        ]
        for other in _odd_rows(data):
            lines += _refused(other, lambda d: list(read_boxes(d)))
    return lines


def _odd_rows(data: bytes) -> Iterator[bytes]:
    yield from (data[:cut] for cut in range(len(START), min(len(data), 18)))
    yield data + b"."
    yield data[:-1] + b"\0"
    yield data[:-1] + b"\xc9\0"
    if len(data) > 5:
        for position in range(4, min(len(data), 14)):
            changed = bytearray(data)
            changed[position] ^= 1
            yield bytes(changed)
        yield START + b"I\x80\0" + data[4:]
        yield START + b"I\xff\xff\xff\xff\x1f" + data[4:]
        yield START + b"I\xff\xff\xff\xff\x0f" + data[4:]


def pictures() -> list[str]:
    """Whole files of version 2."""
    lines = [
        "# Whole files of version 2. spec/vectors/README.md says what the words mean.",
    ]
    for name, (picture, bundle) in cases().items():
        data = write_file(picture, bundle.fixed_size)
        assert data[:4] == START
        lines += [f"case {name}", *bundle_lines(bundle), *picture_lines(picture)]
        lines += [of_bytes("bytes", data), "check both"]
        for cut in sorted({4, 5, len(data) // 2, len(data) - 5, len(data) - 1}):
            lines += _refusal(data[:cut], bundle)
    for name, (data, bundle) in _odd_files().items():
        lines += [f"case odd-{name}", *bundle_lines(bundle), *_refusal(data, bundle)]
    data, bundle = write_file(cases()["sequence"][0]), cases()["sequence"][1]
    lines += ["case skipped-boxes", *bundle_lines(bundle)]
    skipping = data[:4] + pack_boxes([Box("q", b"unknown")])[4:-1] + data[4:]
    lines += [*picture_lines(read(skipping, bundle)), of_bytes("bytes", skipping), "check read"]
    pixels = 3 * 30 * 20
    lines += ["case too-large", *bundle_lines(bundle, pixels - 1)]
    lines += _refusal(data, bundle, pixels - 1)
    return lines


def read(
    data: bytes,
    of_bundle: SimpleNamespace,
    max_pixels: int | None = None,
    partial: bool = False,
) -> PictureFile:
    """Reads a file of FINGERPRINT's bundle."""

    def lookup(named: bytes) -> SimpleNamespace:
        if named != FINGERPRINT:
            raise UnknownBundleError("another bundle wrote the file")
        return of_bundle

    return read_file(data, lookup, max_pixels, partial)


def bundle_lines(of_bundle: SimpleNamespace, max_pixels: int = -1) -> list[str]:
    """What a reader knows, as lines of vectors."""
    sizes = of_bundle.fixed_size or (0, 0)
    numbers = (of_bundle.stride, of_bundle.quality_steps, bool(of_bundle.sequence))
    return [
        line("bundle", [of_bundle.qualities, of_bundle.section_count, *sizes, *numbers]),
        of_bytes("fingerprint", FINGERPRINT),
        line("max_pixels", [2**31 - 1 if max_pixels < 0 else max_pixels]),
    ]


def cases() -> dict[str, tuple[PictureFile, SimpleNamespace]]:
    """Files by name, and the bundle that wrote each."""
    random = np.random.default_rng(42)
    still = _frame(random, 30, 20)
    grey = dataclasses.replace(_frame(random, 17, 5), grey=True)
    alpha = dataclasses.replace(_frame(random, 9, 7), alpha=Alpha(_png(random, 9, 7)))
    premultiplied = Alpha(_png(random, 30, 20), premultiplied=True)
    shown = [dataclasses.replace(_frame(random, 30, 20), duration=d) for d in (40, 40, 2**31 - 1)]
    with_alpha = dataclasses.replace(shown[1], alpha=premultiplied)
    depending = [
        dataclasses.replace(shown[0]),
        *(
            dataclasses.replace(_frame(random, 30, 20), duration=33, dependent=True)
            for _ in range(2)
        ),
    ]
    tiles = _tiled(random, 300, 200, 128)
    large = dataclasses.replace(_frame(random, 300, 200), duration=2)
    grey_tiles = dataclasses.replace(_tiled(random, 65, 64, 64), grey=True)
    fine = _frame(random, 1, 1, quality=4, fraction=17)
    fixed = _frame(random, 48, 32)
    return {
        "profile": (PictureFile((still,), icc_profile=random.bytes(200)), known_bundle()),
        "metadata": (
            PictureFile((still,), None, random.bytes(9), random.bytes(400), b"<x/>"),
            known_bundle(),
        ),
        "grey": (PictureFile((grey,)), known_bundle()),
        "alpha": (PictureFile((alpha,), exif=b"MM"), known_bundle()),
        "premultiplied": (
            PictureFile((dataclasses.replace(still, alpha=premultiplied),)),
            known_bundle(),
        ),
        "between-levels": (PictureFile((fine,)), known_bundle(quality_steps=32)),
        "fixed-size": (PictureFile((fixed,), xmp=b"<x/>"), known_bundle(fixed_size=(48, 32))),
        "tiles": (PictureFile((tiles,)), known_bundle()),
        "grey-tiles": (PictureFile((grey_tiles,), exif=b"II"), known_bundle()),
        "sequence": (PictureFile((shown[0], with_alpha, shown[2]), loops=0), known_bundle()),
        "one-frame": (PictureFile((shown[2],), loops=7), known_bundle()),
        "dependent": (PictureFile(tuple(depending), loops=1), known_bundle(sequence=True)),
        "tiled-frames": (
            PictureFile((dataclasses.replace(tiles, duration=1), large), loops=300),
            known_bundle(),
        ),
    }


def _frame(random, width: int, height: int, quality: int = 0, fraction: int = 0) -> Frame:
    quality = quality or int(random.integers(1, QUALITIES + 1))
    image = Container(FINGERPRINT, quality, width, height, random_sections(random), fraction)
    return Frame((image,), width, height)


def random_sections(random) -> tuple[bytes, bytes]:
    """Two sections of one stream each."""
    first, second = (pack_rows([random.bytes(int(random.integers(0, 25)))]) for _ in range(2))
    return first, second


def _tiled(random, width: int, height: int, side: int) -> Frame:
    images = tuple(
        Container(FINGERPRINT, 3, *size, random_sections(random))
        for size in tile_sizes(width, height, side)
    )
    return Frame(images, width, height, side)


def _png(random, width: int, height: int) -> bytes:
    pixels = np.zeros((height, width), np.uint8)
    pixels[: height // 2] = 255
    pixels[0, 0] = int(random.integers(0, 256))
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)  # each begins with its filter
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(content).to_bytes(4, "big")
        + kind
        + content
        + zlib.crc32(kind + content).to_bytes(4, "big")
        for kind, content in (
            (b"IHDR", size + b"\x08\0\0\0\0"),
            (b"IDAT", _stored(rows)),
            (b"IEND", b""),
        )
    )


def _stored(data: bytes) -> bytes:
    """zlib's format without compression, of which every zlib makes the same bytes."""
    blocks = [data[start : start + 65535] for start in range(0, len(data), 65535)]
    return (
        b"\x78\x01"
        + b"".join(
            bytes([number == len(blocks) - 1])
            + len(block).to_bytes(2, "little")
            + (len(block) ^ 0xFFFF).to_bytes(2, "little")
            + block
            for number, block in enumerate(blocks)
        )
        + zlib.adler32(data).to_bytes(4, "big")
    )


def _odd_files() -> dict[str, tuple[bytes, SimpleNamespace]]:
    """Files that every reader refuses."""
    rows_of = {name: _boxes_of(picture, of) for name, (picture, of) in cases().items()}
    still, alpha = rows_of["profile"][1], rows_of["alpha"][1]
    metadata, tiles, sequence = rows_of["metadata"], rows_of["tiles"], rows_of["sequence"]
    png = _png(np.random.default_rng(1), 9, 7)

    def alpha_of(content: bytes) -> list[Box]:
        return [rows_of["alpha"][0], Box("A", content)]

    def sides(*numbers: int) -> Box:
        return Box("T", b"".join(map(encode_varint, numbers)))

    def timed(*numbers: int) -> list[Box]:
        return [Box("S", b"".join(map(encode_varint, numbers))), *sequence[1:2], *sequence[2:3]]

    plain = known_bundle()
    rows: dict[str, tuple[list[Box], SimpleNamespace]] = {
        "nothing": ([], plain),
        "only-metadata": (metadata[:1], plain),
        "unknown": ([Box("Z", b""), still], plain),
        "two-pictures": ([still, still], plain),
        "alpha-first": ([alpha, rows_of["alpha"][0]], plain),
        "two-alphas": ([rows_of["alpha"][0], alpha, alpha], plain),
        "two-profiles": ([rows_of["profile"][0], rows_of["profile"][0], still], plain),
        "alpha-kind": (alpha_of(b"\2" + png), plain),
        "alpha-empty": (alpha_of(b""), plain),
        "alpha-no-png": (alpha_of(b"\0" + png[:28]), plain),
        "alpha-size": (alpha_of(b"\0" + _png(np.random.default_rng(1), 7, 9)), plain),
        "alpha-depth": (alpha_of(b"\0" + png[:24] + b"\x10" + png[25:]), plain),
        "alpha-colour": (alpha_of(b"\0" + png[:25] + b"\x02" + png[26:]), plain),
        "alpha-interlaced": (alpha_of(b"\0" + png[:28] + b"\x01" + png[29:]), plain),
        "quality": ([Box("I", FINGERPRINT + encode_varint(32 * QUALITIES) + b"\1\1\0\0")], plain),
        "quality-step": ([Box("I", FINGERPRINT + b"\x11\1\1\0\0")], plain),
        "quality-above": (
            [Box("I", FINGERPRINT + encode_varint(225) + b"\1\1\0\0")],
            known_bundle(quality_steps=32),
        ),
        "no-pixels": ([Box("I", FINGERPRINT + b"\0\0\1\0\0")], plain),
        "short": ([Box("I", FINGERPRINT[:3])], plain),
        "no-quality": ([Box("I", FINGERPRINT)], plain),
        "other-bundle": ([Box("I", b"abcd\0\1\1\0\0")], plain),
        "section-cut": ([Box("I", FINGERPRINT + b"\0\1\1\0\5abc")], plain),
        "left-over": ([Box("I", FINGERPRINT + b"\0\1\1\0\0\0")], plain),
        "tile-missing": (tiles[:-1], plain),
        "tile-too-many": ([*tiles, tiles[-1]], plain),
        "tile-order": ([tiles[0], *tiles[:0:-1]], plain),
        "tile-kind": ([*tiles[:2], *(box._replace(type="G") for box in tiles[2:])], plain),
        "tile-side": ([sides(300, 200, 100), *tiles[1:]], plain),
        "tile-side-0": ([sides(300, 200, 0), *tiles[1:]], plain),
        "tile-stride": (tiles, known_bundle(stride=40)),
        "tile-left-over": ([Box("T", tiles[0].payload + b"\0"), *tiles[1:]], plain),
        "tile-no-pixels": ([sides(0, 200, 128), *tiles[1:]], plain),
        "tile-quality": ([*tiles[:2], _with_quality(tiles[2], 0), *tiles[3:]], plain),
        "tile-huge": ([sides(2**31, 2**31, 64), *tiles[1:]], plain),
        "sequence-empty": (timed(0), plain),
        "sequence-no-frames": (timed(0, 0, 40), plain),
        "sequence-no-time": (timed(0, 2, 0), plain),
        "sequence-long": (timed(0, 2, 2**31), plain),
        "sequence-many": (timed(0, 2**32 - 1, 40), plain),
        "sequence-half": (timed(0, 2), plain),
        "sequence-too-few": (timed(0, 3, 40), plain),
        "sequence-too-many": (timed(0, 1, 40), plain),
        "sequence-twice": ([sequence[0], *sequence], plain),
        "sequence-late": ([still, sequence[0]], plain),
        "frame-sizes": ([timed(0, 2, 40)[0], still, rows_of["grey"][0]], plain),
        "dependent-first": ([Box("D", b"\0\0\0")], known_bundle(sequence=True)),
        "dependent-unknown": (rows_of["dependent"], plain),
        "dependent-tiles": (
            [timed(0, 2, 40)[0], *tiles, rows_of["dependent"][2]],
            known_bundle(sequence=True),
        ),
    }
    return {name: (pack_boxes(row), of) for name, (row, of) in rows.items()}


def large_odd_files() -> dict[str, bytes]:
    """Files that are refused and too large for vectors."""
    still = _boxes_of(*cases()["profile"])[1]
    return {
        "many-boxes": START + (pack_boxes([Box("q", b"")])[4:-1]) * (MAX_BOXES + 1) + b".",
        "metadata-large": pack_boxes([Box("c", bytes(METADATA_BYTES + 1)), still]),
    }


def bytes_of(picture: PictureFile, of_bundle: SimpleNamespace) -> bytes:
    """A whole file."""
    return write_file(picture, of_bundle.fixed_size)


def _with_quality(tile: Box, quality: int) -> Box:
    return Box(tile.type, tile.payload[:4] + bytes([quality]) + tile.payload[5:])


def _boxes_of(picture: PictureFile, of_bundle: SimpleNamespace) -> list[Box]:
    data = write_file(picture, of_bundle.fixed_size)
    return [box._replace(payload=bytes(box.payload)) for box in read_boxes(data)]


def _refusal(data: bytes, of_bundle: SimpleNamespace, max_pixels: int | None = None) -> list[str]:
    return _refused(data, lambda d: read(d, of_bundle, max_pixels))


def _refused(data: bytes, read_it) -> list[str]:
    try:
        read_it(data)
    except (BitstreamError, CodecError) as error:
        return [of_bytes("bytes", data), f"check refuse {kind_of(str(error))}"]
    raise AssertionError(data.hex())
