"""JavaScript's decodeFile takes a file to its latents, in Node, and says why it refuses one.

Bundles with a hyperprior need LiteRT.js, hence a browser: tests/web/test_golden_files.py.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import zlib

import pytest

from tests import needs
from tests.conftest import ROOT
from tests.shipped import folder_of
from tests.spec.vector_file import Check, checks_of
from tests.spec.version_2_files import golden, tiled
from tfcomp.bitstream.container import Container, pack
from tfcomp.bitstream.picture_file import Alpha, Frame, PictureFile
from tfcomp.bitstream.picture_writer import write_file
from tfcomp.runtime.bundle import read_manifest

PROGRAM = ROOT / "tests" / "spec" / "javascript" / "decode_files.mjs"
BUNDLE = folder_of("binary")
FILE = ROOT / "spec" / "golden" / "binary" / "coffee-quality-8.tfcomp"
WITHOUT_NETWORKS = [
    check
    for check in checks_of("golden")
    if read_manifest(ROOT / check.lines["bundle"]).layout is None
]

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason=needs.NODE)


def decode(*arguments: object) -> dict:
    command = ["node", str(PROGRAM), *map(str, arguments)]
    child = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    return json.loads(child.stdout)


@pytest.mark.parametrize("check", WITHOUT_NETWORKS, ids=lambda check: check.lines["case"])
def test_a_golden_file_becomes_its_latents(check: Check):
    found = decode(ROOT / check.lines["bundle"], ROOT / check.lines["file"])
    image, manifest = found["image"], read_manifest(ROOT / check.lines["bundle"])
    assert [image["rows"], image["columns"], image["channels"]] == list(check.shape()), check.where
    assert found["crc"] == check.number("crc32"), check.where
    assert found["header"] == {
        "version": found["FORMAT_VERSION"],
        "fingerprint": manifest.short_fingerprint.hex(),
        "quality": image["quality"],
    }


@pytest.fixture
def given(tmp_path):
    """A function: a bundle's name, bytes, arguments -> what is said of a file of them."""

    def answer(bundle: str, data: bytes, *arguments: object) -> dict:
        (tmp_path / "given.tfcomp").write_bytes(data)
        return decode(folder_of(bundle), tmp_path / "given.tfcomp", *arguments)

    return answer


def crc_of(latents) -> int:
    return zlib.crc32(latents.astype("<i4").tobytes())


@pytest.mark.parametrize("bundle", ["binary", "cycle-factorized"])
def test_grey_tiles_become_the_latents_of_the_whole(given, bundle):
    codec, image, latents = golden(bundle)
    frame = tiled(codec, image, latents, 64, grey=True)
    found = given(bundle, write_file(PictureFile((frame,), exif=b"exif")))
    assert len(frame.images) > 4 and found["crc"] == crc_of(latents)
    assert found["image"]["grey"] is True
    assert found["header"]["version"] == 2


def test_frames_are_decoded_by_number_and_neither_they_nor_alpha_as_a_still(given):
    codec, image, latents = golden("binary")
    frame = Frame((image,), image.width, image.height, duration=40)
    data = write_file(PictureFile((frame, frame), loops=0))
    assert given("binary", data, 0, 1)["crc"] == crc_of(latents)
    assert "is a sequence" in given("binary", data)["message"]
    size = image.width.to_bytes(4, "big") + image.height.to_bytes(4, "big")
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + size + b"\x08\0\0\0\0"
    still = Frame((image,), image.width, image.height, alpha=Alpha(png))
    assert "has alpha" in given("binary", write_file(PictureFile((still,))))["message"]


@pytest.mark.parametrize("version", [1, 2])
def test_of_half_a_file_the_first_rows_are_decoded_and_zeros_follow(given, version):
    _, image, latents = golden("cycle-factorized")
    frame = Frame((image,), image.width, image.height)
    data = write_file(PictureFile((frame,), xmp=b"x" if version == 2 else None))
    found = given("cycle-factorized", data[: len(data) // 2], 0, 0, "partial")["crc"]
    beginnings = []
    for row in range(1, len(latents)):
        latents[-row:] = 0
        beginnings.append(crc_of(latents))
    assert found in beginnings[1:-1]
    assert "message" in given("cycle-factorized", data[: len(data) // 2])
    assert given("cycle-factorized", data[:-2], 0, 0, "partial")["crc"] not in beginnings


def test_of_half_a_file_of_bits_a_lower_level_is_shown(given):
    data = FILE.read_bytes()
    shown = [given("binary", data[: len(data) * k // 8], 0, 0, "partial") for k in (3, 5, 7)]
    levels = [answer["image"]["quality"] for answer in shown]
    assert levels == sorted(levels) and 1 <= levels[0] < levels[-1] < 8


@pytest.fixture
def damaged(tmp_path):
    """A function: bytes -> what is said of a file of them."""

    def verdict(data: bytes, *arguments: object) -> str:
        (tmp_path / "file.tfcomp").write_bytes(data)
        answer = decode(BUNDLE, tmp_path / "file.tfcomp", *arguments)
        assert answer["name"] == "CodecError"
        return answer["message"]

    return verdict


def test_a_damaged_file_is_refused(damaged):
    data = FILE.read_bytes()
    assert "CRC" in damaged(data[:-1])
    assert "empty" in damaged(b"")


def test_another_bundles_file_is_named(damaged):
    other = next((ROOT / "spec" / "golden" / "cycle").glob("*.tfcomp")).read_bytes()
    assert f"Another bundle, {other[4:8].hex()}" in damaged(other)


def test_a_few_bytes_that_claim_many_pixels_are_refused_unless_they_are_allowed(damaged, tmp_path):
    manifest = read_manifest(BUNDLE)
    held = pack(Container(manifest.short_fingerprint, 1, 800, 800, (b"\0\0",)))
    assert "too large" in damaged(held)
    assert "too large" in damaged(FILE.read_bytes(), 100)
    (tmp_path / "large.tfcomp").write_bytes(held)
    assert decode(BUNDLE, tmp_path / "large.tfcomp", 800 * 800)["image"]["width"] == 800
