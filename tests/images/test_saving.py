"""Whatever format a picture is decompressed to holds that picture, or is refused in a line."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from tests.bundle_factory import photo
from tfcomp.cli import main
from tfcomp.errors import CodecError, ConfigError, OutputError
from tfcomp.images.saving import encode_image, output_format

Image.init()
for plugin in ("pillow_heif", "pillow_jxl"):
    try:
        module = __import__(plugin)
    except ImportError:
        continue
    getattr(module, "register_heif_opener", lambda: None)()

SUFFIXES = sorted({*Image.registered_extensions(), ".heic", ".jxl", ".avif", ".nothing"})
RANDOM = np.random.default_rng(0)
PICTURES = {
    "photo": photo(90, 70),
    "large photo": photo(300, 260),
    "noise": RANDOM.integers(0, 256, (61, 47, 3), dtype=np.uint8),
    "two colours": RANDOM.integers(0, 2, (9, 7, 3), dtype=np.uint8).repeat(9, axis=0) * 255,
    "one pixel": np.array([[[250, 3, 90]]], np.uint8),
    "a line": photo(1, 300),
}


def psnr(one, other):
    error = np.square(one.astype(float) - other).mean()
    return np.inf if error == 0 else 10 * np.log10(255**2 / error)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", PICTURES)
def test_every_format_holds_the_picture_or_refuses_it(suffix, name):
    pixels = PICTURES[name]
    try:
        content = encode_image(pixels, output_format(suffix), f"x{suffix}")
    except CodecError as error:
        assert "\n" not in str(error)
        assert ".png" in str(error) or "pip install" in str(error)
        return
    with Image.open(io.BytesIO(content)) as image:
        again = np.asarray(image.convert("RGB"))
    assert again.shape == pixels.shape
    assert psnr(again, pixels) >= 40


@pytest.mark.parametrize(
    "suffix", [".png", ".jpg", ".webp", ".tif", ".bmp", ".ppm", ".tga", ".jp2", ".qoi", ".avif"]
)
def test_the_formats_that_people_use_take_a_photo(suffix):
    assert encode_image(PICTURES["large photo"], output_format(suffix), "x")


def test_an_icon_holds_a_picture_of_256_and_refuses_a_larger_one():
    content = encode_image(photo(256, 200), output_format(".ico"), "x.ico")
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(content)).convert("RGB")),
                                  photo(256, 200))  # fmt: skip
    with pytest.raises(OutputError, match="x.ico .* 257x10; use .png"):
        encode_image(photo(10, 257), "ICO", "x.ico")


@pytest.mark.parametrize("suffix", [".icns", ".pdf", ".eps", ".im", ".palm", ".txt", "", ".tfcomp"])
def test_what_is_no_picture_or_cannot_be_read_again_is_refused(suffix):
    with pytest.raises(ConfigError, match="use .png"):
        output_format(suffix)


def test_a_missing_plugin_is_named(monkeypatch):
    for name in ("OPEN", "SAVE"):
        monkeypatch.delitem(getattr(Image, name), "HEIF", raising=False)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ConfigError, match="pip install pillow-heif"):
        output_format(".heic")


def test_a_side_that_a_format_cannot_hold_is_refused():
    with pytest.raises(OutputError, match="does not take this image"):
        encode_image(np.zeros((1, 70_000, 3), np.uint8), "SGI", "x.sgi")
    with pytest.raises(OutputError, match="does not take this image"):
        encode_image(np.zeros((1, 20_000, 3), np.uint8), "WEBP", "x.webp")


def test_the_command_refuses_what_would_shrink_and_leaves_no_file(
    tmp_path, monkeypatch, capsys, bundle_folder
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFCOMP_BUNDLES", str(bundle_folder.parent))
    Image.fromarray(photo(300, 40)).save("photo.png")
    assert main(["compress", "photo.png", "photo.tfcomp", "-m", "tiny"]) == 0
    capsys.readouterr()
    for name in ("x.ico", "x.icns", "x.gif", "x.pdf"):
        assert main(["decompress", "photo.tfcomp", name]) == 2
        assert capsys.readouterr().err.count("\n") == 1
        assert not (tmp_path / name).exists()
    assert main(["decompress", "photo.tfcomp", "x.avif"]) == 0
    assert Image.open("x.avif").size == (40, 300)
