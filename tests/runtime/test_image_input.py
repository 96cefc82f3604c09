"""Images of every kind become RGB as Pillow users expect, and what is lost is said."""

import io
import os
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from tests.bundle_factory import photo
from tfcomp.errors import ImageError
from tfcomp.runtime.image_input import read_image

RGB = photo(5, 9)
GREY = RGB[:, :, 0]


def saved(image: Image.Image, file_format: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def test_path_bytes_pil_and_array_of_one_image_give_the_same(tmp_path):
    content = saved(Image.fromarray(RGB), "PNG")
    (tmp_path / "x.png").write_bytes(content)
    sources = [tmp_path / "x.png", str(tmp_path / "x.png"), content, bytearray(content), RGB]
    for source in [*sources, Image.fromarray(RGB)]:
        read = read_image(source)
        np.testing.assert_array_equal(read.pixels, RGB)
        assert read.pixels.dtype == np.uint8
        assert read.notes == ()


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "YCbCr", "HSV", "CMYK"])
def test_modes_without_alpha_convert_as_pillow_does(mode):
    image = Image.fromarray(RGB).convert(mode)
    read = read_image(image)
    np.testing.assert_array_equal(read.pixels, np.asarray(image.convert("RGB")))
    assert read.notes == (("CMYK converted to RGB",) if mode == "CMYK" else ())


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "La", "RGBa"])
def test_alpha_is_dropped_and_said(mode):
    grey = mode in ("LA", "La")
    image = Image.fromarray(GREY if grey else RGB)
    image.putalpha(255)
    if mode == "PA":
        palette_image = Image.fromarray(RGB).convert("P")
        image = palette_image.convert("PA")
    elif mode != image.mode:
        image = image.convert(mode)
    read = read_image(image)
    assert "alpha dropped" in read.notes
    if mode != "PA":
        expected = np.repeat(GREY[:, :, None], 3, axis=2) if grey else RGB
        np.testing.assert_array_equal(read.pixels, expected)


def test_the_colours_under_a_transparent_pixel_are_not_shown():
    image = Image.new("RGBA", (3, 2), (10, 200, 30, 0))
    assert (read_image(image).pixels == 255).all()
    assert read_image(image).notes == ("alpha composed on white",)


def test_a_transparent_palette_entry_is_said():
    content = saved(Image.fromarray(RGB).convert("P"), "PNG", transparency=0)
    assert read_image(content).notes == ("alpha dropped",)
    content = saved(Image.fromarray(RGB).convert("P"), "PNG", transparency=bytes([0, 128, 255]))
    assert read_image(content).notes == ("alpha dropped",)
    content = saved(Image.fromarray(GREY), "PNG", transparency=7)
    read = read_image(content)
    assert read.notes == ("alpha dropped",)
    np.testing.assert_array_equal(read.pixels[:, :, 1], GREY)


def test_16_bit_samples_are_scaled_and_not_clipped():
    wide = np.array([[0, 128, 129, 257, 32768, 65535]], np.uint16)
    expected = [0, 0, 1, 1, 128, 255]
    for image in (Image.fromarray(wide), Image.fromarray(wide.astype(np.int32))):
        read = read_image(image)
        assert read.pixels[0, :, 0].tolist() == expected
        assert read.notes == ("16 bits a sample reduced to 8",)
    read = read_image(saved(Image.fromarray(wide), "PNG"))
    assert read.pixels[0, :, 2].tolist() == expected
    assert "16 bits a sample reduced to 8" in read.notes
    big_endian = Image.frombytes("I;16B", (6, 1), wide.astype(">u2").tobytes())
    assert read_image(big_endian).pixels[0, :, 0].tolist() == expected


def test_16_bit_colour_is_said_to_be_reduced():
    def chunk(name, body):
        checksum = zlib.crc32(name + body).to_bytes(4, "big")
        return len(body).to_bytes(4, "big") + name + body + checksum

    header = (2).to_bytes(4, "big") + (1).to_bytes(4, "big") + bytes([16, 2, 0, 0, 0])
    row = b"\0" + np.array([1000, 30000, 65535, 0, 256, 40000], ">u2").tobytes()
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    content += chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")
    read = read_image(content)
    assert read.notes == ("16 bits a sample reduced to 8",)
    assert np.abs(read.pixels.astype(int) - [[[4, 117, 255], [0, 1, 156]]]).max() <= 1


def test_float_images_of_either_habit_are_scaled():
    ramp = np.linspace(0, 1, 6, dtype=np.float32)[None]
    expected = np.rint(ramp[0] * 255).tolist()
    for samples in (ramp, ramp * 255):
        assert read_image(Image.fromarray(samples)).pixels[0, :, 0].tolist() == expected
    for bad in (ramp * 1000, ramp - 1, ramp * np.nan):
        with pytest.raises(ImageError, match="scale them first"):
            read_image(Image.fromarray(bad.astype(np.float32)))


def test_samples_wider_than_16_bits_are_refused():
    with pytest.raises(ImageError, match="exceed 16 bits"):
        read_image(Image.fromarray(np.array([[70000, 1]], np.int32)))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_applied_and_exif_dropped(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(Image.fromarray(RGB), "PNG", exif=exif)
    read = read_image(content)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    np.testing.assert_array_equal(read.pixels, np.asarray(expected))
    assert read.notes[0].startswith("EXIF dropped")
    assert read.pixels.shape == ((9, 5, 3) if orientation >= 5 else (5, 9, 3))


def test_an_icc_profile_is_applied():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    lab = ImageCms.profileToProfile(
        Image.fromarray(RGB), ImageCms.createProfile("sRGB"), profile, outputMode="LAB"
    )
    lab.info["icc_profile"] = profile.tobytes()
    read = read_image(lab)
    assert "to sRGB" in read.notes[0]
    assert np.abs(read.pixels.astype(int) - RGB).max() <= 6  # rounding in LAB


def test_a_profile_counts_by_its_colours_and_not_by_its_name():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"----").replace(b"gXYZ", b"rXYZ").replace(b"----", b"gXYZ")
    read = read_image(saved(Image.fromarray(RGB), "PNG", icc_profile=swapped))
    assert "to sRGB" in read.notes[0]
    assert np.abs(read.pixels.astype(int) - RGB[:, :, [1, 0, 2]]).max() <= 3


def test_an_srgb_profile_needs_no_word_and_a_broken_one_is_dropped():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    read = read_image(saved(Image.fromarray(RGB), "PNG", icc_profile=srgb))
    assert read.notes == ()
    read = read_image(saved(Image.fromarray(RGB), "PNG", icc_profile=b"nonsense" * 30))
    assert read.notes == ("colour profile dropped",)
    np.testing.assert_array_equal(read.pixels, RGB)


def test_the_first_frame_of_an_animation_is_kept_and_said():
    frames = [Image.fromarray(photo(5, 9, seed)) for seed in range(3)]
    content = saved(frames[0], "PNG", save_all=True, append_images=frames[1:])
    read = read_image(content)
    assert read.notes == ("only frame 1 of 3 kept",)
    np.testing.assert_array_equal(read.pixels, RGB)


def test_arrays_of_every_kind_that_is_an_image():
    wide = RGB.astype(np.uint16) * 257
    unit = RGB / 255.0
    for array in (RGB, RGB.astype(np.int64), wide, unit, unit.astype(np.float32)):
        np.testing.assert_array_equal(read_image(array).pixels, RGB)
    grey = np.repeat(GREY[:, :, None], 3, axis=2)
    for array in (GREY, GREY[:, :, None]):
        np.testing.assert_array_equal(read_image(array).pixels, grey)
    assert set(np.unique(read_image(GREY > 100).pixels)) == {0, 255}
    with_alpha = np.dstack([RGB, np.full_like(GREY, 255)])
    read = read_image(with_alpha)
    assert read.notes == ("alpha dropped",)
    np.testing.assert_array_equal(read.pixels, RGB)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4, 5), np.uint8),
        np.zeros((1, 4, 4, 3), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.full((4, 4, 3), 1.5),
        np.full((4, 4, 3), -0.1),
        np.full((4, 4, 3), np.nan),
        np.full((4, 4, 3), 256),
        np.full((4, 4, 3), -1),
        np.zeros((4, 4, 3), complex),
        np.full((4, 4, 3), "x"),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_an_array_that_is_no_image_is_refused_in_one_line(array):
    with pytest.raises(ImageError) as refusal:
        read_image(array)
    assert "\n" not in str(refusal.value)


def test_the_size_limit_holds_before_decoding(tmp_path, recwarn):
    with pytest.raises(ImageError, match="limit of 44"):
        read_image(saved(Image.fromarray(RGB), "PNG"), max_pixels=44)
    with pytest.raises(ImageError, match="limit of 44"):
        read_image(RGB, max_pixels=44)
    black = Image.new("1", (9500, 9500))  # above Pillow's limit, which only warns
    with pytest.raises(ImageError, match="9500x9500"):
        read_image(saved(black, "PNG"))
    assert not [w for w in recwarn if "bomb" in str(w.message)]
    with pytest.raises(ImageError, match="pixels"):
        read_image(saved(Image.new("1", (14000, 14000)), "PNG"))  # beyond what Pillow opens


def test_files_that_are_no_images_are_refused_in_one_line(tmp_path):
    picture = saved(Image.fromarray(photo(50, 50)), "PNG")
    (tmp_path / "text.png").write_text("hello\nworld\n" * 20)
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "half.png").write_bytes(picture[: len(picture) // 2])
    (tmp_path / "done.png").write_bytes(b"\x89TC\x01rest")
    os.mkdir(tmp_path / "folder.png")
    for name, words in {
        "text.png": "not an image",
        "empty.png": "is empty",
        "half.png": "decoded",
        "done.png": "already a .tfcomp file",
        "folder.png": "is a folder",
        "missing.png": "does not exist",
        "zero\0byte.png": "cannot be read",
    }.items():
        with pytest.raises(ImageError, match=words) as refusal:
            read_image(str(tmp_path / name))
        assert "\n" not in str(refusal.value)
        assert str(refusal.value).count("folder.png") <= 1
    with pytest.raises(ImageError, match="NoneType"):
        read_image(None)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's remarks
def test_images_damaged_anywhere_end_in_an_error_or_an_image():
    random = np.random.default_rng(0)
    image = Image.fromarray(photo(24, 24))
    for file_format in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA", "ICO"):
        content = saved(image, file_format)
        for _ in range(40):
            damaged = bytearray(content)
            for position in random.integers(0, min(len(content), 120), 3):
                damaged[position] = random.integers(256)
            try:
                read = read_image(bytes(damaged[: random.integers(20, len(content))]), 10**5)
            except ImageError as error:
                assert "\n" not in str(error)
            else:
                assert read.pixels.shape[2] == 3


def test_xmp_is_said_to_be_dropped():
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", "<x/>")
    assert "XMP dropped" in read_image(saved(Image.fromarray(RGB), "PNG", pnginfo=text)).notes
