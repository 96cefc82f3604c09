"""compress, decompress, info and thumbnail of pictures with alpha, grey and metadata."""

import io
import json

import numpy as np
import pytest
from PIL import Image, ImageCms

import tfcomp
from tests.bundle_factory import photo
from tfcomp.cli import main
from tfcomp.images.picture import Picture
from tfcomp.images.saving import encode_picture, output_format

RGB = photo(30, 40)
ALPHA = np.tile(np.linspace(0, 255, 40).round().astype(np.uint8), (30, 1))
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
WIDE = SRGB.replace(b"rXYZ", b"----").replace(b"gXYZ", b"rXYZ").replace(b"----", b"gXYZ")
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
EXIF = Image.Exif()
EXIF[0x010F] = "a camera"


@pytest.fixture(autouse=True)
def workplace(installed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    image = Image.fromarray(np.dstack([RGB, ALPHA]))
    image.save("all.webp", lossless=True, exif=EXIF, icc_profile=WIDE, xmp=XMP)
    Image.fromarray(RGB[:, :, 0]).save("grey.png")
    return tmp_path


def compress(*arguments):
    return main(["compress", *arguments, "--model", "tiny"])


def xmp_of(image):
    return image.info.get("xmp") or image.info.get("XML:com.adobe.xmp", "").encode()


@pytest.mark.parametrize("suffix", ["png", "webp", "tiff", "avif"])
def test_everything_goes_in_and_comes_out(suffix, capsys):
    assert compress("all.webp") == 0
    assert ", with alpha, colour profile, EXIF, XMP" in capsys.readouterr().out
    assert main(["decompress", "all.tfcomp", f"out.{suffix}"]) == 0
    assert not capsys.readouterr().err
    with Image.open(f"out.{suffix}") as image:
        assert image.mode == "RGBA"
        np.testing.assert_array_equal(np.asarray(image)[:, :, 3], ALPHA)
        assert image.info["icc_profile"] == WIDE
        assert image.getexif()[0x010F] == "a camera"
        assert xmp_of(image) == XMP


def test_a_format_without_alpha_gets_the_picture_on_white_and_says_so(capsys):
    compress("all.webp")
    capsys.readouterr()
    assert main(["decompress", "all.tfcomp", "out.jpg", "--json"]) == 0
    captured = capsys.readouterr()
    note = "alpha composed on white, since JPEG holds none"
    assert captured.err == f"tfcomp: all.tfcomp: {note}\n"
    assert json.loads(captured.out)["notes"] == [note]
    with Image.open("out.jpg") as image:
        assert np.asarray(image)[:, 0].min() > 240  # there alpha is 0
        assert image.info["icc_profile"] == WIDE and image.getexif()[0x010F] == "a camera"


def test_a_format_without_profiles_gets_srgb_and_says_so(capsys):
    compress("all.webp", "--background", "white")
    main(["decompress", "all.tfcomp", "same.png"])
    capsys.readouterr()
    assert main(["decompress", "all.tfcomp", "out.bmp"]) == 0
    words = capsys.readouterr().err
    for word in ("to sRGB", "EXIF dropped, since BMP", "XMP dropped, since BMP"):
        assert word in words
    own, converted = (np.asarray(Image.open(name)).astype(int) for name in ("same.png", "out.bmp"))
    assert np.abs(own[:, :, [1, 0, 2]] - converted).max() <= 3  # WIDE has red and green swapped


def test_strip_and_background_make_a_file_as_before(capsys):
    assert compress("all.webp", "--strip", "--background", "black") == 0
    captured = capsys.readouterr()
    assert captured.err.count("dropped") == 2 and "to sRGB" in captured.err
    assert "alpha composed on black" in captured.err
    with open("all.tfcomp", "rb") as file:
        assert file.read(4)[3] == 1


def test_grey_stays_grey(capsys):
    assert compress("grey.png", "--json") == 0
    assert json.loads(capsys.readouterr().out)["kept"] == ["grey"]
    for suffix in ("png", "jpg", "tiff", "pgm"):
        assert main(["decompress", "grey.tfcomp", "-o", f"grey.{suffix}"]) == 0
        assert Image.open(f"grey.{suffix}").mode == "L"


def test_info_lists_the_boxes(capsys):
    compress("all.webp")
    capsys.readouterr()
    assert main(["info", "all.tfcomp", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    boxes = {box["type"]: box for box in record["boxes"]}
    assert "".join(boxes) == "cIAex"
    assert boxes["c"] == {"type": "c", "meaning": "ICC profile", "bytes": len(WIDE)}
    assert (record["format_version"], record["width"], record["quality"]) == (2, 40, 2)
    (section,) = record["sections"]
    beside = sum(boxes[letter]["bytes"] for letter in "cAex")
    assert record["file_bytes"] == section["bytes"] + beside + record["overhead_bytes"]
    assert 0 < record["overhead_bytes"] < 60
    assert main(["info", "all.tfcomp"]) == 0
    text = capsys.readouterr().out
    for line in ("version 2", f"box c       ICC profile, {len(WIDE)} bytes", "box A       alpha"):
        assert line in text


def test_info_needs_no_model_for_boxes(capsys, monkeypatch):
    compress("all.webp")
    monkeypatch.delenv("TFCOMP_BUNDLES")
    capsys.readouterr()
    assert main(["info", "all.tfcomp"]) == 0
    text = capsys.readouterr().out
    assert "not installed" in text and "40x30 pixels" in text and "box x       XMP" in text


@pytest.mark.parametrize("name", ["all.webp", "grey.png"])
def test_thumbnails_of_all_kinds(name):
    assert compress(name, "-o", "x.tfcomp") == 0
    assert main(["thumbnail", "x.tfcomp", "small.png", "--size", "20"]) == 0
    with Image.open("small.png") as small:
        assert small.size == (20, 15) and small.mode == ("L" if "grey" in name else "RGBA")


# Files of other formats


PICTURES = {
    "grey": RGB[:, :, 0],
    "grey and alpha": np.dstack([RGB[:, :, 0], ALPHA]),
    "RGB and alpha": np.dstack([RGB, ALPHA]),
}
SUFFIXES = [
    *(".png", ".jpg", ".webp", ".tif", ".avif", ".bmp", ".ppm", ".tga", ".jp2"),
    *(".qoi", ".sgi", ".dds", ".ico", ".pcx", ".gif", ".heic", ".jxl"),
]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", PICTURES)
def test_every_format_takes_every_form_or_says_why_not(suffix, name):
    try:
        file_format = output_format(suffix)
        content, notes = encode_picture(
            Picture(PICTURES[name], exif=EXIF.tobytes()[6:], xmp=XMP), file_format, "x"
        )
    except tfcomp.CodecError as error:
        assert "\n" not in str(error)
        assert suffix in (".gif", ".heic", ".jxl")
        return
    with Image.open(io.BytesIO(content)) as image:
        again = np.asarray(image.convert("RGBA")).astype(int)
    wanted = np.asarray(Image.fromarray(PICTURES[name]).convert("RGBA")).astype(int)
    if any("composed" in note for note in notes):
        share = wanted[:, :, 3:] / 255
        wanted = wanted[:, :, :3] * share + 255 * (1 - share)
        assert np.abs(again[:, :, :3] - wanted).mean() < 2
    else:
        seen = wanted[:, :, 3] > 0
        assert np.abs(again - wanted)[seen].mean() < 2
    metadata_notes = [note for note in notes if "dropped" in note]
    assert len(metadata_notes) in (0, 2)


def test_more_exif_than_a_jpeg_takes_is_left_out_with_a_word():
    large = Picture(RGB, SRGB, EXIF.tobytes()[6:] + bytes(70000), XMP)
    content, notes = encode_picture(large, "JPEG", "x.jpg")
    assert notes == ("EXIF dropped, since JPEG does not hold it",)
    with Image.open(io.BytesIO(content)) as image:
        assert image.info["icc_profile"] == SRGB and image.info["xmp"] == XMP


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".avif"])
def test_exif_that_nobody_can_read_stops_no_decompression(suffix):
    for bomb in (b"x", b"II*\0\x08\0\0\0\xff\xff", bytes(1000)):
        assert encode_picture(Picture(RGB, None, bomb), output_format(suffix), "x")[0]
