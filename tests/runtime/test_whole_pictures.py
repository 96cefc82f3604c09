"""Pictures come back whole: alpha exactly, metadata, grey without tint."""

import io
import logging
import time
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

import tfcomp
from tests.bundle_factory import MAX_ERROR, photo
from tfcomp.bitstream.boxes import Box, pack_boxes, read_boxes
from tfcomp.bitstream.container import MAX_PIXELS
from tfcomp.errors import BitstreamError, ImageError

RGB = photo(40, 60)
GREY = RGB[:, :, 1].copy()
ALPHA = (np.hypot(*np.mgrid[-20:20, -30:30]) * 12).clip(0, 255).astype(np.uint8)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x tiff:Orientation="1"/>'


@pytest.fixture
def codec(installed):
    return tfcomp.load("tiny")


def exif(orientation=1):
    tags = Image.Exif()
    tags[0x010F], tags[0x0112] = "a camera", orientation
    return tags.tobytes()


def jpeg():
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, "JPEG", exif=exif(8), icc_profile=SRGB, xmp=XMP)
    return stream.getvalue()


@pytest.mark.parametrize("quality", [1, 2])
@pytest.mark.parametrize(
    "pixels",
    [RGB, GREY, np.dstack([RGB, ALPHA]), np.dstack([GREY, ALPHA])],
    ids=["RGB", "grey", "RGBA", "grey and alpha"],
)
def test_pixels_of_every_kind_come_back_in_their_form(codec, pixels, quality):
    data = codec.compress(pixels, quality)
    assert data[3] == (1 if pixels is RGB else 2)
    for decoded in (codec.decompress(data), tfcomp.decompress(data), tfcomp.read(data).pixels):
        assert decoded.shape == pixels.shape and decoded.dtype == np.uint8
        error = np.abs(decoded.astype(int) - pixels)
        if pixels.ndim == 3 and pixels.shape[2] != 3:
            assert not error[:, :, -1].any()
            error = error[ALPHA > 0]
        assert error.max() <= MAX_ERROR[quality]
    assert codec.compress(decoded, quality) == codec.compress(Image.fromarray(decoded), quality)


def test_a_file_keeps_what_its_picture_came_with(codec):
    data = codec.compress(jpeg())
    picture = tfcomp.read(io.BytesIO(data))
    assert isinstance(picture, tfcomp.Picture)
    assert picture.pixels.shape == (60, 40, 3)
    assert (picture.icc_profile, picture.xmp) == (SRGB, XMP)
    assert picture.exif == exif().removeprefix(b"Exif\0\0")
    stripped = codec.compress(jpeg(), metadata=False)
    assert stripped[3] == 1 and not tfcomp.read(stripped).metadata


def test_a_plain_picture_is_a_file_of_version_1_as_ever(codec):
    content = io.BytesIO()
    Image.fromarray(RGB).save(content, "PNG")
    data = codec.compress(content)
    assert data[3] == 1 and data == codec.compress(RGB) == codec.compress(RGB, metadata=False)


def test_metadata_and_alpha_count_for_the_limits(codec):
    pixels = np.dstack([RGB, ALPHA])
    whole = [len(codec.compress(pixels, quality)) for quality in (1, 2)]
    for quality, size in enumerate(whole, 1):
        assert len(codec.compress(pixels, max_bytes=size + 4)) == size
        assert len(codec.compress(pixels, target_bpp=8 * (size + 4) / GREY.size)) == size, quality
    with pytest.raises(ImageError, match="at the least.*alpha and metadata take"):
        codec.compress(pixels, max_bytes=whole[0] - 20)
    with pytest.raises(ImageError, match="alpha and metadata take .*--strip"):
        codec.compress(pixels, max_bytes=100)
    for limit in range(whole[0], whole[1] + 40, 7):
        assert len(codec.compress(pixels, max_bytes=limit + 4)) <= limit + 4


def test_hidden_colours_cost_next_to_nothing(codec):
    random = np.random.default_rng(3)
    alpha = np.zeros_like(GREY)
    alpha[:, :20] = 255
    noise = random.integers(0, 256, RGB.shape, dtype=np.uint8)
    sizes = {}
    for name, hidden in {"noise": noise, "black": 0 * noise, "as seen": RGB}.items():
        pixels = np.where(alpha[..., None] > 0, RGB, hidden)
        sizes[name] = len(codec.compress(np.dstack([pixels, alpha])))
        if name == "noise":
            assert sizes[name] < len(codec.compress(pixels))
    assert len(set(sizes.values())) == 1


def test_a_background_composes_as_ever(codec, caplog):
    pixels = np.dstack([RGB, ALPHA])
    with caplog.at_level(logging.WARNING, logger="tfcomp"):
        data = codec.compress(pixels, background=(0, 0, 0))
    assert "alpha composed on black" in caplog.text and data[3] == 1


# Files that others wrote


def boxes_of(data):
    return [box._replace(payload=bytes(box.payload)) for box in read_boxes(data)]


def changed(data, **payloads):
    return pack_boxes([box._replace(payload=payloads.get(box.type, box.payload))
                       for box in boxes_of(data)])  # fmt: skip


def test_an_orientation_that_another_writer_left_is_handed_out_as_1(codec):
    data = codec.compress(jpeg())
    left = changed(
        data, e=exif(6).removeprefix(b"Exif\0\0"), x=b"<tiff:Orientation>6</tiff:Orientation>"
    )
    picture = tfcomp.read(left)
    np.testing.assert_array_equal(picture.pixels, tfcomp.decompress(data))
    assert picture.exif == exif(1).removeprefix(b"Exif\0\0")
    assert picture.xmp == b"<tiff:Orientation>1</tiff:Orientation>"


def test_exif_is_bytes_to_a_decoder_even_where_it_is_a_bomb(codec):
    data = codec.compress(jpeg())
    loop = b"II*\0\x08\0\0\0" + b"\xff\xff" + bytes(20)
    counts = b"II*\0\x08\0\0\0" + b"\xff\xff" + b"\x69\x87\x04\0\xff\xff\xff\xff\x08\0\0\0" * 65535
    for bomb in (loop, counts, b"", b"x", bytes(2**24)):
        begin = time.monotonic()
        picture = tfcomp.read(changed(data, e=bomb))
        assert time.monotonic() - begin < 3
        assert (picture.exif or b"") == bomb


def test_colours_multiplied_by_alpha_are_divided(codec):
    flat = np.full((16, 16, 3), 60, np.uint8)
    alpha = np.full((16, 16), 120, np.uint8)
    data = codec.compress(np.dstack([flat, alpha]))
    (png,) = [box.payload[1:] for box in boxes_of(data) if box.type == "A"]
    straight, divided = (tfcomp.decompress(changed(data, A=kind + png)) for kind in (b"\0", b"\1"))
    expected = np.minimum(255, np.rint(straight[:, :, :3] * 255.0 / 120))
    np.testing.assert_array_equal(divided[:, :, :3], expected)


def test_alpha_that_is_damaged_or_lies_is_one_clear_error(codec):
    data = codec.compress(np.dstack([RGB, ALPHA]))
    (png,) = [box.payload[1:] for box in boxes_of(data) if box.type == "A"]

    def chunk(name, body):
        crc = zlib.crc32(name + body).to_bytes(4, "big")
        return len(body).to_bytes(4, "big") + name + body + crc

    huge = chunk(b"IHDR", (2**15).to_bytes(4, "big") * 2 + b"\x08\0\0\0\0")
    for lie in (png[:40], png[:33] + huge + png[33:], png[:33] + chunk(b"IDAT", b"x"), png[:50]):
        for read in (codec.decompress, tfcomp.decompress, tfcomp.read):
            with pytest.raises(BitstreamError, match="undamaged copy"):
                read(changed(data, A=b"\0" + lie))


def test_every_truncation_of_a_whole_file_is_refused(codec):
    stream = io.BytesIO()
    Image.fromarray(np.dstack([RGB, ALPHA])[:8, :8]).save(stream, "PNG", exif=exif())
    data = codec.compress(stream)
    for cut in range(len(data)):
        with pytest.raises(BitstreamError):
            tfcomp.read(data[:cut], MAX_PIXELS)
    extra = Box("e", b"II*\0")
    with pytest.raises(BitstreamError, match="second box"):
        tfcomp.read(pack_boxes([*boxes_of(data), extra]))
