"""What one input of the Python target goes through; fuzz_python.py feeds it.

By how it begins, an input is a compressed file, whose CRCs are mended, a "C" with how many bytes of
such a file there are (16 bits) and the file, a zip, which is taken for a
tables.npz and for a bundle, a bundle's SHA256SUMS, or else its manifest.json. Whatever it is, it is
read, or a CodecError says why not.
"""

from __future__ import annotations

import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from tests.spec.toy_networks import ToyNetworks
from tfcomp.bitstream import python_range_coder, range_coder
from tfcomp.bitstream.boxes import START
from tfcomp.bitstream.container import Container, describe, parse
from tfcomp.bitstream.picture_reader import read_file
from tfcomp.bitstream.tables import CdfTables, load_tables
from tfcomp.bitstream.varint import decode_varint
from tfcomp.encoder_tuning import EncoderTuning
from tfcomp.entropy_kinds.hyperprior.coder import HyperpriorCoder
from tfcomp.errors import BitstreamError, CodecError
from tfcomp.networks.interpreter import Model
from tfcomp.runtime import checksums
from tfcomp.runtime.bundle import Bundle, Manifest, fingerprint_of, read_manifest
from tfcomp.runtime.manifest import manifest_object

_PROJECT = Path(__file__).resolve().parents[1]
PLACES = (_PROJECT / "tfcomp" / "bundles", _PROJECT / "more_models" / "tfcomp_more_models")
MOST_PIXELS, MOST_PLACES, TOY_FEATURES = 1 << 15, 4096, 4  # as in known_bundles.c
_SHORTEST, _CRC_BYTES = 13, 4
_MOST_FRAMES = 3  # that are decoded, and tiles of each


class Target:
    """The shipped bundles, read once, and a place for a zipped bundle, which must be a file."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tfcomp-fuzz-")
        self._path = Path(self._folder.name) / "input.zip"
        paths = [p.parent for place in PLACES for p in sorted(place.glob("*/manifest.json"))]
        self._bundles = [(read_manifest(p), load_tables(p / "tables.npz")) for p in paths]
        self._coders = [_coder(manifest, held) for manifest, held in self._bundles]

    def run(self, data: bytes) -> str:
        """Says what became of an input: what was read, or the name of the error.

        Whatever is raised that is no CodecError is a fault that was found.
        """
        try:
            if data[:1] == b"\x89":
                return self._read_file(data)
            if data[:1] == b"C":
                return self._read_beginning(data[3:], int.from_bytes(data[1:3], "little"))
            if data[:2] == b"PK":
                return self._read_zip(data)
            if data[:1] == b"#":
                return f"{len(checksums.parse(data)[1])} checksums"
            manifest = Manifest.from_json(data)
            _ = manifest.sections, manifest.section_count
            feedback = manifest.kind.takes_feedback
            EncoderTuning.read(None, manifest_object(data), manifest.qualities, feedback)
            return f"manifest of {fingerprint_of((), manifest.entropy)[:8]}"
        except CodecError as error:
            assert "\n" not in str(error), "an error is one line"
            return type(error).__name__

    def _find(self, fingerprint: bytes) -> int:
        """Which bundle: the one that is named, else one that a byte picks."""
        for number, (manifest, _) in enumerate(self._bundles):
            if manifest.short_fingerprint == fingerprint:
                return number
        return fingerprint[0] % len(self._bundles)

    def _lookup(self, fingerprint: bytes) -> Manifest:
        return self._bundles[self._find(fingerprint)][0]

    def _read_boxes(self, data: bytes) -> str:
        """A file of version 2; what is whole can be read partially, and means the same."""
        data = mended_boxes(data)
        part = read_file(data, self._lookup, MOST_PIXELS, partial=True)
        assert part.frames and part.whole in (True, False)
        held = read_file(data, self._lookup, MOST_PIXELS)
        assert held == part and held.whole
        said = [
            self._decode(image)
            for frame in held.frames[:_MOST_FRAMES]
            for image in frame.images[:_MOST_FRAMES]
        ]
        return f"{len(held.frames)} frames: {said[0]}"

    def _read_beginning(self, data: bytes, cut: int) -> str:
        """What there is of a file; of a sound one more bytes are never worse."""
        data = mended_boxes(data) if data[: len(START)] == START else mended_version_1(data)
        cut = cut % len(data) if data else 0
        found = self._first_frame(data[:cut], partial=True)
        whole = self._first_frame(data, partial=False)
        if whole is not None:
            again = self._first_frame(data, partial=True)
            assert again is not None and np.array_equal(whole, again)
            longer = self._first_frame(data[: (cut + len(data)) // 2], partial=True)
            assert found is None or longer is not None, "more bytes, and no picture"
        seen = "nothing" if found is None else "a picture"
        return f"{seen} of {'a broken' if whole is None else 'a sound'} file"

    def _first_frame(self, data: bytes, partial: bool) -> np.ndarray | None:
        """The latents of the first picture or tile; None where there is none to read."""
        try:
            held = read_file(data, self._lookup, MOST_PIXELS, partial)
            return self._latents(held.frames[0].images[0], not held.whole)
        except CodecError as error:
            assert "\n" not in str(error), "an error is one line"
            return None

    def _latents(self, image: Container, partial: bool) -> np.ndarray | None:
        number = self._find(image.fingerprint)
        manifest, coder = self._bundles[number][0], self._coders[number]
        size = -(-image.height // manifest.stride), -(-image.width // manifest.stride)
        if size[0] * size[1] > MOST_PLACES or image.fraction:
            return None
        latents = coder.decode(image.sections, image.quality, *size, partial=partial)
        section = image.sections[-1]
        ends = coder.pass_ends(section, image.quality, *size)
        assert ends is None or (np.diff(ends) >= 0).all() and ends[-1] >= len(section)
        assert 1 <= coder.shown_quality(section, image.quality, *size) <= image.quality
        assert latents.shape[:2] == size and latents.dtype.kind == "i"
        return latents

    def _read_file(self, data: bytes) -> str:
        if data[: len(START)] == START:
            return self._read_boxes(data)
        data = mended_version_1(data)
        describe(data)
        held = parse(data, self._lookup, MOST_PIXELS)
        assert describe(data, self._lookup)["section_bytes"] == [len(s) for s in held.sections]
        return self._decode(held)

    def _decode(self, held: Container) -> str:
        number = self._find(held.fingerprint)
        manifest = self._bundles[number][0]
        height, width = -(-held.height // manifest.stride), -(-held.width // manifest.stride)
        if height * width > MOST_PLACES:
            return "too many places"
        latents = self._coders[number].decode(held.sections, held.quality, height, width)
        assert latents.shape[:2] == (height, width) and latents.dtype.kind == "i"
        return f"latents of {manifest.name}"

    def _read_zip(self, data: bytes) -> str:
        self._path.write_bytes(data)
        try:
            return f"bundle {Bundle.read(self._path).manifest.name}"
        except CodecError:
            held = load_tables(data)
            for tables in held.values():
                _use(tables, data[-64:])
            return f"tables of {', '.join(sorted(held))}"


def mended_version_1(data: bytes) -> bytes:
    """The same with a right checksum, where it is long enough to have one."""
    if len(data) < _SHORTEST:
        return data
    body = data[:-_CRC_BYTES]
    return body + zlib.crc32(body).to_bytes(_CRC_BYTES, "little")


def mended_boxes(data: bytes) -> bytes:
    """The same boxes with right checksums, as far as they have any."""
    parts, position = [data[: len(START)]], len(START)
    while position < len(data):
        try:
            length, start = decode_varint(data, position + 1)
        except BitstreamError:
            break
        end = start + length
        if end + _CRC_BYTES > len(data):
            break
        content = data[position:end]
        parts += [content, zlib.crc32(content).to_bytes(_CRC_BYTES, "little")]
        position = end + _CRC_BYTES
    return b"".join([*parts, data[position:]])


def _coder(manifest: Manifest, held: dict[str, CdfTables]) -> Any:
    if manifest.layout is None:
        return manifest.kind.open_coder(held, manifest, lambda: Model(b"", 1, "none"))
    channels = [step.channels for step in manifest.layout.passes]
    networks: Any = ToyNetworks(channels, TOY_FEATURES, held["latents"].count)
    return HyperpriorCoder(held, manifest.layout, networks, manifest.qualities)


def _use(tables: CdfTables, stream: bytes) -> None:
    """Both coders, C and Python, write the same bytes, and read any bytes alike."""
    index = np.arange(min(tables.count, 40), dtype=np.int32)
    lowest = tables.cdf_offset[index]
    coded = range_coder.encode(lowest, index, tables)
    assert coded == python_range_coder.encode_symbols(np.zeros_like(index), index, tables)
    assert range_coder.decode(coded, index, tables).tolist() == lowest.tolist()
    symbols = np.zeros_like(index)
    sound = python_range_coder.decode_symbols(stream, index, tables, symbols)
    values = symbols.astype(np.int64) + lowest
    sound = sound and values.min() >= -(2**31) and values.max() < 2**31
    try:
        assert range_coder.decode(stream, index, tables).tolist() == values.tolist()
        assert sound
    except BitstreamError:
        assert not sound
