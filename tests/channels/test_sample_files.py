"""Samples in TIFF, NumPy, Zarr and PNG files come as they are stored."""

import importlib.util
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tests import needs
from tests.channels import pictures
from tfcomp.errors import CodecError, ImageError
from tfcomp.image_spec import ImageSpec
from tfcomp.images.sample_files import pages_of
from tfcomp.images.sample_saving import encode_samples

FIVE, GREY, RGB = ImageSpec(5, 16), ImageSpec(1, 16), ImageSpec(3, 16)


def whole(path, spec):
    return [page.whole() for page in pages_of(path, spec)]


def test_a_npy_file_holds_one_picture_or_several(tmp_path):
    image = pictures.whole(1, 5, 16)
    np.save(tmp_path / "one.npy", image)
    np.save(tmp_path / "two.npy", np.stack([image, image + 1]))
    (one,) = whole(tmp_path / "one.npy", FIVE)
    assert np.array_equal(one, image)
    assert np.array_equal(whole(tmp_path / "two.npy", FIVE)[1], image + 1)
    assert [each.shape for each in whole(tmp_path / "one.npy", GREY)] == [(96, 5, 1)] * 64


def test_a_part_of_a_page_is_read_alone(tmp_path):
    image = pictures.whole(1, 5, 16)
    np.save(tmp_path / "one.npy", image)
    (page,) = pages_of(tmp_path / "one.npy", FIVE)
    assert np.array_equal(page.read(slice(3, 9), slice(10, 40)), image[3:9, 10:40])


def test_channels_first_and_other_shapes_are_refused_by_name(tmp_path):
    np.save(tmp_path / "first.npy", np.zeros([5, 64, 96], np.uint16))
    with pytest.raises(ImageError, match="first.npy.*channels come first"):
        pages_of(tmp_path / "first.npy", FIVE)
    np.save(tmp_path / "odd.npy", np.zeros([4, 4, 2], np.uint16))
    with pytest.raises(ImageError, match=r"odd.npy.*give \[H, W, 5\]"):
        pages_of(tmp_path / "odd.npy", FIVE)
    (tmp_path / "no.npy").write_bytes(b"nothing")
    with pytest.raises(ImageError, match="no.npy cannot be read"):
        pages_of(tmp_path / "no.npy", FIVE)


def test_a_tiff_has_channels_as_samples_or_as_planes_and_pages(tmp_path):
    tifffile = pytest.importorskip("tifffile", reason=needs.ARRAYS)
    image = pictures.whole(1, 5, 16)
    layout = {"photometric": "minisblack", "planarconfig": "contig"}
    tifffile.imwrite(tmp_path / "samples.tif", image, **layout)
    planes = np.moveaxis(image, -1, 0)
    tifffile.imwrite(tmp_path / "pages.tif", planes, photometric="minisblack")
    for name in ("samples.tif", "pages.tif"):
        (found,) = whole(tmp_path / name, FIVE)
        assert np.array_equal(found, image), name
    assert [each.shape for each in whole(tmp_path / "pages.tif", GREY)] == [(64, 96, 1)] * 5
    with pytest.raises(ImageError, match="have 1 channel .*not the 3 of"):
        pages_of(tmp_path / "pages.tif", RGB)


def test_a_zarr_array_is_read_in_parts(tmp_path):
    zarr = pytest.importorskip("zarr", reason=needs.ARRAYS)
    image = pictures.whole(1, 5, 16)
    array = zarr.open(
        str(tmp_path / "a.zarr"), mode="w", shape=image.shape, chunks=(32, 32, 5), dtype="uint16"
    )
    array[:] = image
    (page,) = pages_of(tmp_path / "a.zarr", FIVE)
    assert np.array_equal(page.read(slice(0, 7), slice(30, 40)), image[:7, 30:40])


def test_16_bit_grey_is_kept_through_png_and_tiff(tmp_path):
    image = pictures.whole(1, 1, 16)
    for ending in ("png", "tif", "npy"):
        path = tmp_path / f"grey.{ending}"
        file_format = {"png": "PNG", "tif": "TIFF", "npy": "NPY"}[ending]
        path.write_bytes(encode_samples(image[..., 0], GREY, file_format, path.name))
        (found,) = whole(path, GREY)
        assert found.dtype == np.uint16 and np.array_equal(found, image), ending


def png_of_16_bits(image):
    """A PNG of uint16 [H, W, 3], unfiltered."""

    def chunk(name, content):
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    height, width, _ = image.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in image)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_16_bit_colours_of_a_png_are_never_halved(tmp_path):
    image = pictures.whole(1, 3, 16)
    path = tmp_path / "rgb.png"
    path.write_bytes(png_of_16_bits(image))
    if importlib.util.find_spec("imagecodecs"):
        (found,) = whole(path, RGB)
        assert np.array_equal(found, image)
        path.write_bytes(encode_samples(image, RGB, "PNG", path.name))
        assert np.array_equal(whole(path, RGB)[0], image)
    else:
        with pytest.raises(CodecError, match="rgb.png has 16-bit colours.*imagecodecs"):
            pages_of(path, RGB)


def test_8_bit_pictures_are_read_too(tmp_path, photograph):
    Image.fromarray(photograph).save(tmp_path / "rgb.png")
    (found,) = whole(tmp_path / "rgb.png", ImageSpec(3, 8, colour="none"))
    assert np.array_equal(found, photograph)


def test_five_channels_go_through_tiff(tmp_path):
    pytest.importorskip("tifffile", reason=needs.ARRAYS)
    image = pictures.whole(1, 5, 16)
    (tmp_path / "five.tif").write_bytes(encode_samples(image, FIVE, "TIFF", "five.tif"))
    (found,) = whole(tmp_path / "five.tif", FIVE)
    assert np.array_equal(found, image)


def test_a_file_is_read_anew_where_it_was_written_anew(tmp_path):
    tifffile = pytest.importorskip("tifffile", reason=needs.ARRAYS)
    for seed in (1, 2):
        image = pictures.whole(seed, 5, 16)
        tifffile.imwrite(tmp_path / "a.tif", image, photometric="minisblack", planarconfig="contig")
        assert np.array_equal(whole(tmp_path / "a.tif", FIVE)[0], image)


def test_bytes_of_a_file_hold_what_the_file_holds(tmp_path):
    tifffile = pytest.importorskip("tifffile", reason=needs.ARRAYS)
    image = pictures.whole(1, 5, 16)
    np.save(tmp_path / "a.npy", image)
    tifffile.imwrite(tmp_path / "a.tif", image, photometric="minisblack", planarconfig="contig")
    Image.fromarray(image[..., 0]).save(tmp_path / "a.png")
    for name, spec in (("a.npy", FIVE), ("a.tif", FIVE), ("a.png", GREY)):
        (found,) = whole((tmp_path / name).read_bytes(), spec)
        assert np.array_equal(found, image[..., : spec.channels]), name
    for content in (b"", b"text", b"\x93NUMPY", b"II*\0"):
        with pytest.raises(ImageError, match="^the input cannot be read"):
            pages_of(content, FIVE)
