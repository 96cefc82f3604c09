"""Pictures are read with their alpha and metadata, and grey ones stay grey."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from tests.bundle_factory import photo
from tests.images.test_what_a_file_says import png
from tests.images.transparent_files import saved, transparent_files
from tfcomp.images.kept_metadata import MOST_BYTES
from tfcomp.runtime.image_input import read_image, read_picture

RGB = photo(10, 16)
GREY = RGB[:, :, 0].copy()
ALPHA = np.linspace(1, 255, GREY.size).round().astype(np.uint8).reshape(GREY.shape)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
WIDE = SRGB.replace(b"rXYZ", b"----").replace(b"gXYZ", b"rXYZ").replace(b"----", b"gXYZ")
GREY_PROFILE = SRGB[:16] + b"GRAY" + SRGB[20:]
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" tiff:Orientation="6"/>'


def exif(orientation=1):
    tags = Image.Exif()
    tags[0x010F], tags[0x0112] = "a camera", orientation
    return tags


def make_of(content):
    found = Image.Exif()
    found.load(b"Exif\0\0" + content)
    return found.get(0x010F), found.get(0x0112, 1)


LOSSLESS = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100}, "AVIF": {"quality": 100}}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF", "MPO"])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_profile_and_exif_of_a_file_are_kept_and_the_picture_stands_upright(kind, orientation):
    image, options = Image.fromarray(RGB), LOSSLESS.get(kind, {})
    content = saved(image, kind, exif=exif(orientation), icc_profile=WIDE, **options)
    read = read_picture(content)
    shown = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    np.testing.assert_array_equal(read.pixels, np.asarray(shown))  # its colours stay its own
    assert read.metadata.icc_profile == WIDE
    assert make_of(read.metadata.exif) == ("a camera", 1)
    assert (read.notes, read.kept) == ((), ("colour profile", "EXIF"))
    stripped = read_picture(content, metadata=False)
    assert not stripped.metadata and stripped.kept == ()
    as_rgb = read_image(content)
    assert stripped.notes == as_rgb.notes and "EXIF dropped" in str(as_rgb.notes)
    np.testing.assert_array_equal(stripped.pixels, as_rgb.pixels)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF", "AVIF", "PNG"])
def test_xmp_is_kept_and_its_orientation_counts_once(kind):
    options = {"xmp": XMP}
    if kind == "PNG":
        options = {"pnginfo": PngImagePlugin.PngInfo()}
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", XMP.decode())
    if kind == "TIFF":
        options = {"tiffinfo": {700: XMP}}
    content = saved(Image.fromarray(RGB), kind, **options)
    read = read_picture(content)
    shown = ImageOps.exif_transpose(Image.open(io.BytesIO(content)).convert("RGB"))
    # Of a TIFF, Pillow turns the picture itself and takes the word out.
    upright = XMP.replace(b"6", b"1"), XMP.replace(b'tiff:Orientation="6"', b"")
    assert read.metadata.xmp in upright
    assert read.pixels.shape == read_image(content).pixels.shape
    assert shown.size in (read.pixels.shape[1::-1], read.pixels.shape[:2])


def test_an_image_in_memory_keeps_its_metadata_without_the_orientation_of_its_file():
    opened = Image.open(io.BytesIO(saved(Image.fromarray(RGB), exif=exif(6), icc_profile=WIDE)))
    turned = opened.rotate(-90, expand=True)
    read = read_picture(turned)
    np.testing.assert_array_equal(read.pixels, np.asarray(turned))
    assert make_of(read.metadata.exif) == ("a camera", 1)
    assert read.metadata.icc_profile == WIDE
    assert not read_picture(RGB).metadata


@pytest.mark.parametrize("mode", ["1", "L", "LA", "La", "I;16", "I", "F"])
def test_grey_modes_stay_grey(mode):
    if mode == "I;16":
        image = Image.fromarray(GREY.astype(np.uint16) * 257)
    elif mode in "IF":
        image = Image.fromarray(GREY.astype({"I": np.int32, "F": np.float32}[mode]))
    elif "a" in mode.lower():
        image = Image.fromarray(np.dstack([GREY, ALPHA])).convert(mode)
    else:
        image = Image.fromarray(GREY).convert(mode)
    read = read_picture(image)
    assert read.grey and (read.alpha is not None) == ("a" in mode.lower())
    assert (read.pixels == read.pixels[:, :, :1]).all()
    if mode not in ("1", "La"):
        np.testing.assert_array_equal(read.pixels[:, :, 0], GREY)


def test_arrays_of_one_and_two_channels_are_grey_and_equal_channels_are_not():
    for array in (GREY, GREY[:, :, None], np.dstack([GREY, ALPHA])):
        assert read_picture(array).grey
    assert not read_picture(np.dstack([GREY] * 3)).grey
    assert not read_picture(Image.fromarray(np.dstack([GREY] * 3))).grey


@pytest.mark.parametrize(
    "source",
    [
        np.dstack([RGB, ALPHA]),
        Image.fromarray(np.dstack([RGB, ALPHA])),
        saved(Image.fromarray(np.dstack([RGB, ALPHA]))),
        saved(Image.fromarray(np.dstack([RGB, ALPHA])), "TIFF"),
        saved(Image.fromarray(np.dstack([RGB, ALPHA])), "WEBP", lossless=True),
        Image.fromarray(np.dstack([RGB, ALPHA])).convert("RGBa"),
    ],
    ids=["array", "RGBA", "PNG", "TIFF", "WebP", "RGBa"],
)
def test_alpha_is_kept(source):
    read = read_picture(source)
    np.testing.assert_array_equal(read.alpha, ALPHA)
    assert read.notes == () and read.kept == ("alpha",)
    opaque = ALPHA > 128
    assert np.abs(read.pixels.astype(int) - RGB)[opaque].max() <= 1
    composed = read_picture(source, background="black")
    assert composed.alpha is None and composed.notes == ("alpha composed on black",)
    np.testing.assert_array_equal(composed.pixels, read_image(source, background="black").pixels)


def test_palettes_and_transparent_colours_give_alpha():
    for content in transparent_files():
        read = read_picture(content)
        assert read.alpha.tolist() == [[255, 0]] and not read.grey
        assert read.pixels.tolist()[0][0] == [255, 0, 0]
    keyed = png(8, 0, [bytes([7, 200])], (b"tRNS", b"\0\7"))
    read = read_picture(keyed)
    assert read.grey and read.alpha.tolist() == [[0, 255]]


def test_alpha_is_turned_with_its_picture():
    content = saved(Image.fromarray(np.dstack([RGB, ALPHA])), exif=exif(6))
    read = read_picture(content)
    np.testing.assert_array_equal(read.alpha, np.rot90(ALPHA, -1))
    assert read.pixels.shape == (16, 10, 3)


def test_alpha_that_hides_nothing_is_dropped_silently():
    full = np.full_like(ALPHA, 255)
    for source in (np.dstack([RGB, full]), saved(Image.fromarray(np.dstack([RGB, full])))):
        read = read_picture(source)
        assert read.alpha is None and read.notes == () and read.kept == ()


# Profiles


def test_a_grey_profile_stays_with_grey_and_others_fall():
    for source in (Image.fromarray(GREY), Image.fromarray(GREY.astype(np.uint16) * 257)):
        read = read_picture(saved(source, icc_profile=GREY_PROFILE))
        assert read.metadata.icc_profile == GREY_PROFILE and read.grey
        np.testing.assert_array_equal(read.pixels[:, :, 0], GREY)
    read = read_picture(saved(Image.fromarray(RGB), icc_profile=GREY_PROFILE))
    assert read.metadata.icc_profile is None and "colour profile dropped" in read.notes
    read = read_picture(saved(Image.fromarray(GREY), icc_profile=WIDE))
    assert read.metadata.icc_profile is None and read.grey


def test_colours_of_another_model_are_converted_as_ever():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    lab = ImageCms.profileToProfile(
        Image.fromarray(RGB), ImageCms.createProfile("sRGB"), profile, outputMode="LAB"
    )
    lab.info["icc_profile"] = profile.tobytes()
    cmyk = Image.fromarray(RGB).convert("CMYK")
    cmyk.info["icc_profile"] = WIDE
    for image in (lab, cmyk):
        read, as_rgb = read_picture(image), read_image(image)
        assert read.metadata.icc_profile is None and read.notes == as_rgb.notes
        np.testing.assert_array_equal(read.pixels, as_rgb.pixels)


# What can't be kept


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ({"icc_profile": b"nonsense" * 30}, "colour profile dropped"),
        ({"icc_profile": WIDE[:200]}, "colour profile dropped"),
        ({"exif": b"Exif\0\0II*\0\xff\xff\xff\x7f"}, "damaged EXIF dropped"),
        ({"exif": b"Exif\0\0" + exif().tobytes()[6:20]}, "damaged EXIF dropped"),
        ({"exif": b"Exif\0\0nonsense"}, "damaged EXIF dropped"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's
def test_damaged_metadata_is_left_out_with_a_word(options, note):
    read = read_picture(saved(Image.fromarray(RGB), "JPEG", **options))
    assert note in read.notes and not read.metadata
    assert read.pixels.shape == RGB.shape


def test_metadata_beyond_16_mib_is_left_out_with_a_word():
    image = Image.fromarray(RGB)
    image.info = {
        "exif": exif().tobytes() + bytes(MOST_BYTES),
        "xmp": bytes(MOST_BYTES) + b"x",
        "icc_profile": WIDE + bytes(MOST_BYTES),
    }
    read = read_picture(image)
    assert not read.metadata
    for word in ("EXIF of", "XMP of", "converted from"):
        assert any(word in note for note in read.notes)


def test_xmp_that_is_no_text_is_left_out_with_a_word():
    read = read_picture(saved(Image.fromarray(RGB), "WEBP", xmp=b"\xff\xfe\0x"))
    assert read.notes == ("damaged XMP dropped",) and not read.metadata
