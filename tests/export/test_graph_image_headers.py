"""The graph reads a file as Pillow and the runtime do, or says that it does not."""

import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageCms, PngImagePlugin

from tests.bundle_factory import photo
from tfcomp.export.graph_images import read_image
from tfcomp.runtime.image_input import read_image as read_at_run_time

RGB = photo(13, 22)
GREY = RGB[:, :, 0].copy()
ALPHA = np.linspace(0, 255, GREY.size).round().astype(np.uint8).reshape(GREY.shape)
RGBA = Image.fromarray(np.dstack([RGB, ALPHA]))
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
def read(content):
    return read_image(content, 10_000)


def saved(image, kind="PNG", **options):
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def chunk(name, body):
    checksum = struct.pack(">I", zlib.crc32(name + body))
    return struct.pack(">I", len(body)) + name + body + checksum


def deep_png(colour, samples, *chunks):
    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0))
    body = head + b"".join(chunks) + chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def exif(orientation, kind="<", width="H"):
    """A block of EXIF in one byte order or the other, with another tag ahead."""
    number = struct.pack(kind + width, orientation).ljust(4, b"\0")
    tags = struct.pack(kind + "HHI", 0x010F, 2, 2) + b"x\0\0\0"
    tags += struct.pack(kind + "HHI", 0x0112, {"H": 3, "I": 4}[width], 1) + number
    start = (b"II" if kind == "<" else b"MM") + struct.pack(kind + "HI", 42, 8)
    return b"Exif\0\0" + start + struct.pack(kind + "H", 2) + tags + bytes(4)


def behind_the_pixels(content, extra):
    return content[:-12] + extra + content[-12:]


DEEP = np.random.default_rng(0).integers(0, 65536, (12, 10, 4)).astype(np.uint16)
PALETTE = Image.fromarray(RGB).quantize(16)
TWO = Image.fromarray(GREY > 128)
XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>'


def xmp_png(turn, **options):
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", (XMP % turn).decode(), **options)
    return saved(RGB, pnginfo=text)


READ_ALIKE = {
    "RGBA": saved(RGBA),
    "opaque RGBA": saved(np.dstack([RGB, np.full_like(GREY, 255)])),
    "grey and alpha": saved(np.dstack([GREY, ALPHA])),
    "palette": saved(PALETTE),
    "palette of 4 bits with a transparent colour": saved(PALETTE, transparency=3),
    "palette with alphas": saved(PALETTE, transparency=bytes(range(0, 160, 10))),
    "a transparent colour": saved(RGB, transparency=tuple(RGB[3, 3].tolist())),
    "a transparent level": saved(GREY, transparency=int(GREY[3, 3])),
    "two levels": saved(TWO),
    "two levels, one transparent": saved(TWO, transparency=1),
    "16-bit grey": deep_png(0, DEEP[..., 0]),
    "16-bit grey and alpha": deep_png(4, DEEP[..., :2]),
    "16-bit RGB": deep_png(2, DEEP[..., :3]),
    "16-bit RGBA": deep_png(6, DEEP),
    "16-bit RGB with a transparent colour": deep_png(
        2, DEEP[..., :3], chunk(b"tRNS", DEEP[3, 3, :3].astype(">u2").tobytes())
    ),
    "gamma": saved(RGB, pnginfo=None)[:33] + chunk(b"gAMA", struct.pack(">I", 99999))
    + saved(RGB)[33:],
    "grey JPEG": saved(GREY, "JPEG"),
    "progressive JPEG": saved(RGB, "JPEG", progressive=True, quality=90),
    "JPEG with restarts": saved(RGB, "JPEG", restart_marker_rows=1),
    "XMP that turns nothing": saved(RGB, "JPEG", xmp=XMP % 1),
    "XMP that EXIF overrules": saved(RGB, "JPEG", xmp=XMP % 6, exif=exif(1)),
    "XMP in a PNG": xmp_png(1),
    "BMP": saved(RGB, "BMP"),
    "GIF": saved(PALETTE, "GIF"),
    "GIF with a comment": saved(PALETTE, "GIF", comment=b"x" * 700),
    "animation": saved(PALETTE, "GIF", save_all=True, append_images=[Image.new("P", (22, 13))]),
    "APNG": saved(RGB, save_all=True, append_images=[Image.fromarray(255 - RGB)]),
    **{f"JPEG turned {n}": saved(RGB, "JPEG", exif=exif(n)) for n in range(1, 9)},
    **{f"PNG turned {n}": saved(RGB, exif=exif(n, ">")) for n in (1, 3, 5, 6, 7, 8)},
    "an orientation that is none": saved(RGB, "JPEG", exif=exif(9)),
    "an orientation of 32 bits": saved(RGB, "JPEG", exif=exif(6, ">", "I")),
    "damaged EXIF": saved(RGB, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f"),
    "EXIF cut off": saved(RGB, "JPEG", exif=exif(6)[:20]),
    "the words without a chunk": saved(RGB, "JPEG", comment=b"eXIf iCCP tRNS Exif\0\0"),
}  # fmt: skip


@pytest.mark.parametrize("name", READ_ALIKE)
@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of damaged EXIF
def test_a_file_gives_the_pixels_that_the_runtime_reads(name):
    pixels, error = read(READ_ALIKE[name])
    assert error.numpy() == b""
    np.testing.assert_array_equal(pixels.numpy(), read_at_run_time(READ_ALIKE[name]).pixels)


def partial_gif():
    content = bytearray(saved(Image.new("P", (8, 8)), "GIF"))
    content[6:10] = struct.pack("<HH", 16, 16)
    return bytes(content)


REFUSED = {
    "colour profile": [
        saved(RGB, "JPEG", icc_profile=PROFILE), saved(RGB, icc_profile=PROFILE),
        saved(GREY, icc_profile=b"nonsense" * 20),
    ],
    "CMYK": [saved(Image.fromarray(RGB).convert("CMYK"), "JPEG")],
    "transparency": [saved(PALETTE, "GIF", transparency=2)],
    "first frame": [partial_gif()],
    "24 bits": [
        saved(GREY, "BMP"), saved(TWO, "BMP"), saved(PALETTE, "BMP"), saved(RGBA, "BMP"),
    ],
    "to be turned": [
        saved(RGB, "JPEG", xmp=XMP % 6), xmp_png(8), xmp_png(8, zip=True),
        behind_the_pixels(saved(RGB), chunk(b"eXIf", exif(6)[6:])),
        behind_the_pixels(saved(RGB), chunk(b"eXIf", exif(6, ">")[6:])),
    ],
    "transparent level of 16 bits": [
        deep_png(0, DEEP[..., 0], chunk(b"tRNS", DEEP[3, 3, :1].astype(">u2").tobytes()))
    ],
    "fewer bits": [deep_png(0, DEEP[..., 0] // 16, chunk(b"sBIT", b"\x0c"))],
    "too many blocks": [
        saved(RGB)[:33] + chunk(b"tEXt", b"a\0b") * 5000 + saved(RGB)[33:],
    ],
}  # fmt: skip


@pytest.mark.parametrize("words", REFUSED)
def test_what_would_be_read_as_another_picture_is_refused_with_what_to_do(words):
    for content in REFUSED[words]:
        pixels, error = read(content)
        assert words in error.numpy().decode()
        assert "convert it to plain 8-bit sRGB first" in error.numpy().decode()
        assert pixels.shape == (0, 0, 3)


@pytest.mark.filterwarnings("ignore")
def test_files_damaged_anywhere_never_raise():
    random = np.random.default_rng(0)
    for name in ("RGBA", "JPEG turned 6", "PNG turned 6", "GIF with a comment", "BMP"):
        content = READ_ALIKE[name]
        for _ in range(25):
            damaged = bytearray(content)
            for position in random.integers(0, min(len(content), 150), 3):
                damaged[position] = random.integers(256)
            pixels, error = read(bytes(damaged[: random.integers(10, len(content))]))
            assert bool(error.numpy()) != bool(tf.size(pixels))
