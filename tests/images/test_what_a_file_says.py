"""Orientation once, transparency on the background, and a word for all that is dropped."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps, PngImagePlugin

from tests.bundle_factory import photo
from tests.images.transparent_files import saved, transparent_files, two_colours
from tfcomp.runtime.image_input import read_image

RGB = photo(10, 16)
GREY = RGB[:, :, 0].copy()


def png(depth, colour, rows, *chunks):
    """rows: bytes a row, without the filter's byte. chunks: (name, content) before the pixels."""

    def chunk(name, body):
        checksum = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + checksum

    width = len(rows[0]) * 8 // depth // {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(rows), depth, colour, 0, 0, 0))
    more = b"".join(chunk(*each) for each in chunks)
    body = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    return b"\x89PNG\r\n\x1a\n" + head + more + body + chunk(b"IEND", b"")


# Orientation


def turned_file(tmp_path, orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"x.{kind.lower()}"
    lossless = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}
    Image.fromarray(RGB).save(path, kind, exif=exif, **lossless.get(kind, {}))
    with Image.open(path) as image:
        upright = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    return path, upright


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", [2, 3, 6, 8])
def test_the_orientation_of_a_file_is_applied_once(tmp_path, orientation, kind):
    path, upright = turned_file(tmp_path, orientation, kind)
    loaded = Image.open(path)
    loaded.load()
    content = path.read_bytes()
    for source in (path, content, io.BytesIO(content), Image.open(path), loaded):
        np.testing.assert_array_equal(read_image(source).pixels, upright)
    np.testing.assert_array_equal(
        read_image(ImageOps.exif_transpose(Image.open(path))).pixels, upright
    )
    in_place = Image.open(path)
    ImageOps.exif_transpose(in_place, in_place=True)
    np.testing.assert_array_equal(read_image(in_place).pixels, upright)


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image.rotate(-90, expand=True),
        lambda image: image.transpose(Image.Transpose.ROTATE_270),
        lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        lambda image: image.rotate(180),
        lambda image: image.copy(),
        lambda image: image.convert("L"),
        lambda image: image.resize((8, 8)),
        lambda image: image.crop((0, 0, 8, 4)),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_image_changed_in_memory_is_taken_as_it_is_shown(tmp_path, kind, change):
    path, _ = turned_file(tmp_path, 6, kind)
    changed = change(Image.open(path))
    read = read_image(changed)
    np.testing.assert_array_equal(read.pixels, np.asarray(changed.convert("RGB")))
    assert any("orientation 6 not applied" in note for note in read.notes)


def test_a_thumbnail_is_still_the_opened_image(tmp_path):
    path, upright = turned_file(tmp_path, 6, "JPEG")
    image = Image.open(path)
    image.thumbnail((8, 8))
    assert read_image(image).pixels.shape == (8, 5, 3)


# Transparency

ALPHA = np.linspace(0, 255, GREY.size).round().astype(np.uint8).reshape(GREY.shape)


def on(colours, alpha, background):
    share = alpha[..., None] / 255.0
    return colours.reshape(*alpha.shape, -1) * share + np.array(background) * (1 - share)


def sources_with_alpha():
    rgba = Image.fromarray(np.dstack([RGB, ALPHA]))
    grey_alpha = Image.fromarray(np.dstack([GREY, ALPHA]))
    yield "RGBA", RGB, rgba
    yield "RGBA array", RGB, np.dstack([RGB, ALPHA])
    yield "float RGBA array", RGB, np.dstack([RGB, ALPHA]) / 255.0
    yield "16-bit RGBA array", RGB, np.dstack([RGB, ALPHA]).astype(">u2") * np.uint16(257)
    yield "LA", GREY, grey_alpha
    for kind in ("PNG", "TIFF"):
        yield f"RGBA {kind}", RGB, saved(rgba, kind)
    yield "LA PNG", GREY, saved(grey_alpha)
    yield "RGBA WebP", RGB, saved(rgba, "WEBP", lossless=True, exact=True)
    yield "RGBa", RGB, rgba.convert("RGBa")
    yield "La", GREY, grey_alpha.convert("La")


@pytest.mark.parametrize("background", [(255, 255, 255), (0, 0, 0), (10, 200, 90)])
@pytest.mark.parametrize(
    ("colours", "source"),
    [each[1:] for each in sources_with_alpha()],
    ids=[each[0] for each in sources_with_alpha()],
)
def test_alpha_is_composed_on_the_background(colours, source, background):
    read = read_image(source, background=background)
    assert np.abs(read.pixels - on(colours, ALPHA, background)).max() <= 1.5
    name = {(255, 255, 255): "white", (0, 0, 0): "black"}.get(background, "#0ac85a")
    assert f"alpha composed on {name}" in read.notes


def test_palettes_and_transparent_colours_are_composed():
    for content in transparent_files():
        read = read_image(content)
        assert read.pixels.tolist() == [[[255, 0, 0], [255, 255, 255]]]
        assert "alpha composed on white" in read.notes
    half = read_image(saved(two_colours(), transparency=b"\xff\x80"), background="black")
    assert half.pixels.tolist() == [[[255, 0, 0], [0, 0, 128]]]


@pytest.mark.parametrize(
    ("depth", "key", "expected"),
    [(1, 1, [0, 255]), (2, 2, [0, 85, 255, 255]), (4, 3, None), (8, 7, None), (16, 300, None)],
)
def test_a_transparent_grey_counts_in_the_files_own_bits(depth, key, expected):
    levels = np.arange(2**depth if depth < 16 else 512, dtype=np.uint32)
    if depth < 8:
        bits = (levels[:, None] >> np.arange(depth - 1, -1, -1)) & 1
        row = np.packbits(np.tile(bits.ravel(), 8).astype(np.uint8)).tobytes()
    else:
        row = levels.astype(f">u{depth // 8}").tobytes()
    content = png(depth, 0, [row], (b"tRNS", struct.pack(">H", key)))
    read = read_image(content)
    plain = read_image(png(depth, 0, [row]), background="black").pixels[0, :, 0]
    white = np.where(np.arange(len(plain)) % len(levels) == key, 255, plain)
    np.testing.assert_array_equal(read.pixels[0, :, 0], white)
    assert "alpha composed on white" in read.notes
    if expected:
        assert read.pixels[0, : len(expected), 0].tolist() == expected


def test_a_transparent_colour_of_16_bits_is_said_to_be_dropped():
    row = np.array([[300, 300, 300], [301, 301, 301]], ">u2").tobytes()
    read = read_image(png(16, 2, [row], (b"tRNS", struct.pack(">HHH", 300, 300, 300))))
    assert "transparent colour of 16 bits dropped" in read.notes
    assert read.pixels.max() <= 2


# What is dropped


@pytest.mark.parametrize(
    ("chunk", "note"),
    [
        ((b"gAMA", struct.pack(">I", 100000)), "gAMA dropped"),
        ((b"cICP", bytes([9, 16, 0, 1])), "cICP dropped"),
        ((b"cHRM", struct.pack(">8I", *[31270, 32900, 70800, 29200, 17000, 79700, 13100, 4600])),
         "cHRM dropped"),
        ((b"tEXt", b"Comment\0taken at noon"), "comments dropped"),
        ((b"zTXt", b"Title\0\0" + zlib.compress(b"noon")), "comments dropped"),
    ],
)  # fmt: skip
def test_what_a_png_says_beside_its_pixels_is_said_to_be_dropped(chunk, note):
    rows = [row.tobytes() for row in RGB]
    content = png(8, 2, rows, chunk)
    for source in (content, Image.open(io.BytesIO(content))):
        read = read_image(source)
        assert read.notes == (note,)
        np.testing.assert_array_equal(read.pixels, RGB)


def test_what_says_only_srgb_needs_no_word():
    rows = [row.tobytes() for row in RGB]
    srgb = ((b"gAMA", struct.pack(">I", 45455)), (b"cICP", bytes([1, 13, 0, 1])), (b"sRGB", b"\0"))
    assert read_image(png(8, 2, rows, *srgb)).notes == ()


def test_comments_and_iptc_of_other_formats_are_said_to_be_dropped():
    assert "comments dropped" in read_image(saved(Image.fromarray(RGB), "JPEG", comment=b"x")).notes
    assert "comments dropped" in read_image(saved(Image.fromarray(RGB), "GIF", comment=b"x")).notes
    record = b"\x1c\x02\x05\0\x05title"
    block = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + record
    jpeg = saved(Image.fromarray(RGB), "JPEG")
    marker = b"\xff\xed" + struct.pack(">H", len(block) + 2) + block
    assert "IPTC dropped" in read_image(jpeg[:2] + marker + jpeg[2:]).notes


def test_deep_colours_are_said_to_be_reduced_in_every_layout():
    for colour, bands in ((2, 3), (4, 2), (6, 4)):
        rows = [np.full((4, bands), 40000, ">u2").tobytes()]
        assert "16 bits a sample reduced to 8" in read_image(png(16, colour, rows)).notes


def test_a_text_of_xmp_is_no_comment():
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", "<x/>")
    assert read_image(saved(Image.fromarray(RGB), pnginfo=text)).notes == ("XMP dropped",)
