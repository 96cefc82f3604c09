"""White is where the file says it is, whatever the type of its container."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tfcomp.data.decoding import decode_rgb
from tfcomp.errors import ImageError
from tfcomp.runtime.image_input import read_image

SHORT, FLOAT, DOUBLE = 3, 11, 12
LEVELS = np.linspace(0, 255, 24 * 32).round().astype(np.uint8).reshape(24, 32)


def tiff(samples: bytes, size, bits, order="<", **tags) -> bytes:
    """A grey or RGB TIFF of one strip. tags: t281=(SHORT, value), one number each."""
    bits = bits if isinstance(bits, tuple) else (bits,)
    extra = b"".join(struct.pack(order + "H", each) for each in bits) if len(bits) > 1 else b""
    entries = {
        256: (SHORT, size[0]), 257: (SHORT, size[1]), 259: (SHORT, 1),
        262: (SHORT, 1 if len(bits) == 1 else 2), 277: (SHORT, len(bits)), 278: (SHORT, size[1]),
        **{int(name[1:]): value for name, value in tags.items()},
    }  # fmt: skip
    kinds = {SHORT: "H", FLOAT: "f", DOUBLE: "d"}
    count = len(entries) + 3
    data_start = 8 + 2 + 12 * count + 4
    rows, behind = [], extra
    for tag, (kind, value) in entries.items():
        packed = struct.pack(order + kinds[kind], value)
        if len(packed) > 4:
            packed, behind = struct.pack(order + "I", data_start + len(behind)), behind + packed
        rows.append((tag, struct.pack(order + "HHI", tag, kind, 1) + packed.ljust(4, b"\0")))
    field = struct.pack(order + "I", data_start) if extra else struct.pack(order + "HH", bits[0], 0)
    rows.append((258, struct.pack(order + "HHI", 258, SHORT, len(bits)) + field))
    strip = data_start + len(behind)
    rows.append((273, struct.pack(order + "HHII", 273, 4, 1, strip)))
    rows.append((279, struct.pack(order + "HHII", 279, 4, 1, len(samples))))
    directory = struct.pack(order + "H", count) + b"".join(row for _, row in sorted(rows))
    magic = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    return magic + directory + struct.pack(order + "I", 0) + behind + samples


def packed_12_bits(samples: np.ndarray) -> bytes:
    pairs = samples.reshape(-1, 2).astype(np.uint32)
    three = pairs[:, 0] << 12 | pairs[:, 1]
    return b"".join(int(each).to_bytes(3, "big") for each in three)


def scaled(white: int) -> np.ndarray:
    return np.round(LEVELS / 255.0 * white).astype(np.uint16)


def png_16(samples: np.ndarray, *chunks: tuple) -> bytes:
    def chunk(name, body):
        crc = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + crc

    height, width = samples.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0))
    more = b"".join(chunk(*each) for each in chunks)
    tail = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + more + tail


def saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


SIZE = (32, 24)
BIG = ">"
FILES = {
    "12 bits packed": tiff(packed_12_bits(scaled(4095)), SIZE, 12),
    "16 bits": tiff(scaled(65535).tobytes(), SIZE, 16),
    "16 bits, big-endian": tiff(scaled(65535).astype(">u2").tobytes(), SIZE, 16, BIG),
    "12 in 16 bits": tiff(scaled(4095).tobytes(), SIZE, 16, t281=(SHORT, 4095)),
    "10 in 16 bits": tiff(scaled(1023).tobytes(), SIZE, 16, t281=(SHORT, 1023)),
    "14 in 16 bits, big-endian": tiff(
        scaled(16383).astype(">u2").tobytes(), SIZE, 16, BIG, t281=(SHORT, 16383)
    ),
    "12 in 16 bits by SMaxSampleValue": tiff(
        scaled(4095).tobytes(), SIZE, 16, t341=(SHORT, 4095)
    ),
    "a white level": tiff(scaled(3000).tobytes(), SIZE, 16, t50717=(SHORT, 3000)),
    "signed": tiff(scaled(32767).astype(np.int16).tobytes(), SIZE, 16, t339=(SHORT, 2)),
    "white is zero": tiff((65535 - scaled(65535)).tobytes(), SIZE, 16, t262=(SHORT, 0)),
    "floats to 1": tiff((LEVELS / 255.0).astype(np.float32).tobytes(), SIZE, 32, t339=(SHORT, 3)),
    "floats to 255": tiff(LEVELS.astype(np.float32).tobytes(), SIZE, 32, t339=(SHORT, 3)),
    "floats to 4095": tiff(
        scaled(4095).astype(np.float32).tobytes(), SIZE, 32, t339=(SHORT, 3), t341=(FLOAT, 4095.0)
    ),
    "32 bits to 255": tiff(LEVELS.astype(np.uint32).tobytes(), SIZE, 32),
    "PGM of 10 bits": b"P5 32 24 1023\n" + scaled(1023).astype(">u2").tobytes(),
    "PGM of 12 bits": b"P5 32 24 4095\n" + scaled(4095).astype(">u2").tobytes(),
    "PGM of 16 bits": b"P5 32 24 65535\n" + scaled(65535).astype(">u2").tobytes(),
    "PGM of 7 bits": b"P5 32 24 127\n" + scaled(127).astype(np.uint8).tobytes(),
    "PNG of 16 bits": png_16(scaled(65535)),
    "PNG of 12 bits, scaled as it should be": png_16(scaled(4095) * 16, (b"sBIT", b"\x0c")),
    "PNG of 12 bits, not scaled": png_16(scaled(4095), (b"sBIT", b"\x0c")),
}


@pytest.mark.parametrize("name", FILES)
def test_a_ramp_from_black_to_white_is_one_whatever_its_container(name):
    for pixels in (read_image(FILES[name]).pixels, decode_rgb(FILES[name])):
        assert np.abs(pixels[:, :, 0].astype(int) - LEVELS).max() <= 1
        assert pixels[:, :, 0].min() == 0
        assert pixels[:, :, 0].max() >= 254


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(LEVELS.astype(np.int32)),
        Image.fromarray(LEVELS.astype(np.float32)),
        Image.fromarray(LEVELS.astype(np.uint16)),
        Image.fromarray(scaled(65535)),
        Image.fromarray(scaled(65535).astype(np.int32)),
        Image.fromarray((LEVELS / 255).astype(np.float32)),
        Image.frombytes("I;16B", SIZE, scaled(65535).astype(">u2").tobytes()),
    ],
    ids=lambda image: image.mode,
)
def test_images_made_in_memory_are_read_by_their_values(image):
    read = read_image(image)
    assert np.abs(read.pixels[:, :, 0].astype(int) - LEVELS).max() <= 1
    assert any("reduced to 8" in note or "taken as" in note for note in read.notes)


def test_which_white_was_taken_is_said():
    assert "samples from 0 to 4095 reduced to 8 bits" in read_image(FILES["12 in 16 bits"]).notes
    assert "samples from 0 to 4095 reduced to 8 bits" in read_image(FILES["12 bits packed"]).notes
    assert "samples taken as 0 to 255" in read_image(Image.fromarray(LEVELS.astype(np.int32))).notes
    assert "samples taken as 0 to 1" in read_image(FILES["floats to 1"]).notes
    dark = tiff(scaled(4000).tobytes(), SIZE, 16)
    said = read_image(dark).notes
    assert any("0 to 65535, of which the largest is 4000" in note for note in said)


def test_a_largest_value_that_is_only_a_statistic_changes_nothing():
    """The TIFF standard forbids to scale by it; only a number of whole bits is a range."""
    dark = tiff(scaled(20000).tobytes(), SIZE, 16, t281=(SHORT, 20000))
    assert abs(int(read_image(dark).pixels.max()) - 20000 / 257) <= 1
    wrong = tiff(scaled(65535).tobytes(), SIZE, 16, t281=(SHORT, 1023))
    assert read_image(wrong).pixels.max() == 255


def test_a_dark_file_of_16_bits_stays_dark():
    for content in (png_16(scaled(200)), tiff(scaled(200).tobytes(), SIZE, 16)):
        assert read_image(content).pixels.max() == 1
    assert read_image(b"P5 32 24 65535\n" + scaled(200).astype(">u2").tobytes()).pixels.max() == 1


def test_colours_whose_white_pillow_overlooks_are_refused():
    colours = np.repeat(scaled(4095)[:, :, None], 3, axis=2)
    with pytest.raises(ImageError, match="white at 4095; scale"):
        read_image(tiff(colours.tobytes(), SIZE, (16, 16, 16), t281=(SHORT, 4095)))
    whole = np.repeat(scaled(65535)[:, :, None], 3, axis=2)
    pixels = read_image(tiff(whole.tobytes(), SIZE, (16, 16, 16))).pixels
    assert np.abs(pixels[:, :, 1].astype(int) - LEVELS).max() <= 1


@pytest.mark.parametrize(
    "samples",
    [np.full((24, 32), -5, np.int16), np.full((24, 32), 70000, np.int32)],
    ids=["negative", "32 bits"],
)
def test_samples_in_no_known_range_are_refused(samples):
    bits = samples.dtype.itemsize * 8
    with pytest.raises(ImageError, match="scale them to 0..65535 first"):
        read_image(tiff(samples.tobytes(), SIZE, bits, t339=(SHORT, 2)))


RGB = np.random.default_rng(0).integers(0, 256, (6, 7, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "array",
    [
        *[RGB.astype(kind) for kind in ("<i2", ">i2", "<i4", ">i4", ">i8", ">u4", "<u8", "<u2")],
        *[RGB.astype(kind) * np.array(257, kind) for kind in ("<u2", ">u2")],
        *[(RGB / 255.0).astype(kind) for kind in ("<f4", ">f4", ">f8", np.longdouble)],
        RGB[::-1][::-1],
        np.asfortranarray(RGB),
        memoryview(RGB.astype("<u2")),
    ],
    ids=lambda array: str(getattr(array, "dtype", type(array))),
)
def test_arrays_count_by_kind_and_size_whatever_their_byte_order(array):
    if isinstance(array, memoryview):
        array = np.asarray(array)
    np.testing.assert_array_equal(read_image(array).pixels, RGB)


def test_half_floats_are_as_near_as_they_can_be():
    pixels = read_image((RGB / 255.0).astype(np.float16)).pixels
    np.testing.assert_array_equal(pixels, RGB)


def test_an_array_of_deep_rgba_is_composed():
    deep = np.zeros((2, 2, 4), ">u2")
    assert (read_image(deep).pixels == 255).all()
