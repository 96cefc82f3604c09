"""A few bytes cannot ask for many megapixels, unless the caller says so."""

from __future__ import annotations

import resource
import time

import numpy as np
import pytest
from PIL import Image

import tfcomp
from tests.bundle_factory import photo, write_bundle
from tfcomp.bitstream import container
from tfcomp.bitstream.container import MAX_PIXELS, Container, pack, pixel_limit
from tfcomp.bitstream.rows import pack_rows
from tfcomp.errors import BitstreamError, CodecError, ConfigError
from tfcomp.runtime import registry

SHIPPED = ["binary", "cycle", "cycle-factorized", "cycle-small", "cycle-small-msssim"]


def bomb(name: str, quality: int, width: int, height: int) -> bytes:
    """The smallest file of that size: every stream of it is empty."""
    manifest = registry.find_by_name(name).manifest
    sections = [b"\0\0"] * manifest.section_count
    file = Container(manifest.short_fingerprint, quality, width, height, tuple(sections))
    return pack(file)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("size", [(9459, 9459), (8, 11_184_800), (89_000_000, 1), (1500, 1500)])
def test_a_few_bytes_that_claim_megapixels_are_refused_at_once(name, size):
    data = bomb(name, 8, *size)
    codec = tfcomp.load(name)
    start, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for decompress in (codec.decompress, tfcomp.decompress):
        with pytest.raises(BitstreamError, match=f"{size[0]}x{size[1]} pixels, more than its"):
            decompress(data)
    assert time.process_time() - start < 0.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_pillow_refuses_such_a_file_when_it_is_opened(tmp_path):
    tfcomp.register_pillow()
    (tmp_path / "bomb.tfcomp").write_bytes(bomb("cycle", 8, 9459, 9459))
    with pytest.raises(CodecError, match="may claim") as refusal:
        Image.open(tmp_path / "bomb.tfcomp")
    assert isinstance(refusal.value, OSError)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("colour", [(0, 0, 0), (128, 128, 128), (255, 255, 255), (60, 60, 60)])
def test_the_flattest_pictures_are_far_from_the_limit(name, colour):
    codec = tfcomp.load(name)
    flat = np.full((512, 768, 3), colour, np.uint8)
    data = codec.compress(flat, quality=1)
    assert pixel_limit(len(data)) > 8 * flat.shape[0] * flat.shape[1]
    assert codec.decompress(data).shape == flat.shape


def test_who_names_a_number_of_pixels_may_have_them(bundle_folder):
    codec = tfcomp.load(bundle_folder)
    data = pack(
        Container(codec.bundle.manifest.short_fingerprint, 1, 1000, 1000, (pack_rows([b""] * 250),))
    )
    with pytest.raises(BitstreamError, match="allow max_pixels 1000000"):
        codec.decompress(data)
    assert codec.decompress(data, max_pixels=10**6).shape == (1000, 1000, 3)
    with pytest.raises(BitstreamError, match="limit of 999999"):
        codec.decompress(data, max_pixels=10**6 - 1)


def test_the_limit_of_a_model_can_be_raised_and_lowered(tmp_path):
    codec = tfcomp.load(write_bundle(tmp_path / "small", max_pixels=2500))
    large = tfcomp.load(write_bundle(tmp_path / "large"))
    data = large.compress(photo(60, 50))
    with pytest.raises(BitstreamError, match="limit of 2500"):
        codec.decompress(data)
    assert codec.decompress(data, max_pixels=3000).shape == (60, 50, 3)
    assert codec.decompress(data, max_pixels=10**12).shape == (60, 50, 3)
    with pytest.raises(BitstreamError, match="limit of 2999"):
        codec.decompress(data, max_pixels=2999)


@pytest.mark.parametrize("wrong", [0, -1, "many", 2.5, True])
def test_a_limit_that_is_no_number_of_pixels_is_refused(bundle_folder, wrong):
    codec = tfcomp.load(bundle_folder)
    with pytest.raises(ConfigError, match="max_pixels"):
        codec.decompress(codec.compress(photo(4, 4)), max_pixels=wrong)


@pytest.mark.parametrize(("allowed", "opens"), [(None, True), (10**8, True), (MAX_PIXELS, False)])
def test_pillows_own_limit_raises_ours(installed, tmp_path, monkeypatch, allowed, opens):
    tfcomp.register_pillow()
    short = tfcomp.load(installed).bundle.manifest.short_fingerprint
    data = pack(Container(short, 1, 1000, 1000, (pack_rows([b""] * 250),)))
    (tmp_path / "x.tfcomp").write_bytes(data)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", allowed)
    if opens:
        with Image.open(tmp_path / "x.tfcomp") as image:
            assert np.asarray(image).shape == (1000, 1000, 3)
    else:
        with pytest.raises(CodecError, match="may claim"):
            Image.open(tmp_path / "x.tfcomp")


def test_pillows_own_limit_lowers_ours(installed, tmp_path, monkeypatch):
    tfcomp.register_pillow()
    (tmp_path / "x.tfcomp").write_bytes(tfcomp.load(installed).compress(photo(60, 50)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1400)
    with pytest.raises(Image.DecompressionBombError):
        Image.open(tmp_path / "x.tfcomp")


def test_a_file_too_small_for_its_size_is_said_when_it_is_written(
    bundle_folder, monkeypatch, caplog
):
    codec = tfcomp.load(bundle_folder)
    codec.compress(photo(60, 50))
    assert not caplog.text
    monkeypatch.setattr(container, "PIXELS_PER_BYTE", 0)
    codec.compress(np.zeros((60, 50, 3), np.uint8))
    assert "allow max_pixels" in caplog.text
