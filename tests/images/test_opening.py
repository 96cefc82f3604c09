"""Only pictures are opened, by what a file holds and not by what it is called."""

import ast
import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

import tfcomp
from tests import needs
from tests.bundle_factory import photo
from tfcomp.data.decoding import decode_rgb, is_readable_header
from tfcomp.errors import ImageError
from tfcomp.images.opening import FORMATS
from tfcomp.runtime.image_input import read_image
from tfcomp.serving.images import image_file, pixels_of

ROOT = Path(__file__).parents[2]
EPS = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n(hello) show\nshowpage\n"
    b"%%EOF\n"
)


@pytest.fixture
def ghostscript(tmp_path, monkeypatch):
    """A `gs` on the path that leaves a mark where it is started."""
    mark = tmp_path / "ghostscript was here"
    program = tmp_path / "bin" / "gs"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nopen({str(mark)!r}, 'w').close()\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
    return mark


@pytest.mark.parametrize("read", [read_image, decode_rgb, image_file, pixels_of])
def test_eps_bytes_start_no_ghostscript_whoever_reads_them(read, ghostscript):
    with pytest.raises((ImageError, OSError)) as refusal:
        read(EPS)
    assert "\n" not in str(refusal.value)
    assert not ghostscript.exists()


def test_eps_in_the_name_of_a_png_is_refused_in_a_line(tmp_path, ghostscript):
    (tmp_path / "photo.png").write_bytes(EPS)
    assert not is_readable_header(tmp_path / "photo.png")
    for source in (tmp_path / "photo.png", io.BytesIO(EPS)):
        with pytest.raises(ImageError, match="not an image of a format"):
            read_image(source)
    assert not ghostscript.exists()


def test_an_eps_that_the_caller_opened_is_not_drawn_either(tmp_path, ghostscript):
    tfcomp.register_pillow()
    with pytest.raises(ImageError, match="another program"):
        read_image(Image.open(io.BytesIO(EPS)))
    with pytest.raises(OSError, match="another program"):
        Image.open(io.BytesIO(EPS)).save(tmp_path / "x.tfcomp")
    with pytest.raises(OSError, match="another program"):
        Image.open(io.BytesIO(EPS)).save(io.BytesIO(), "TFCOMP")
    assert not ghostscript.exists()


def drawing(kind, **options):
    stream = io.BytesIO()
    Image.fromarray(photo(12, 16)).save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"\xd7\xcd\xc6\x9a" + bytes(40),
        b"\x01\x00\x00\x00" + bytes(36) + b" EMF" + bytes(60),
        b"SIMPLE  =                    T" + b" " * 50,
        b"BUFR" + bytes(60),
        b"GRIB" + b"\0\0\0\x01" + bytes(60),
        b"\x89HDF\r\n\x1a\n" + bytes(60),
        b"\x00\x00\x01\xb3" + bytes(60),
        drawing("IM"),
        drawing("PDF"),
    ],
)
def test_formats_that_are_no_pictures_of_people_are_not_tried(content):
    with pytest.raises(ImageError, match="not an image of a format"):
        read_image(content)


@pytest.mark.parametrize(
    "kind", ["PNG", "WEBP", "TIFF", "BMP", "PPM", "TGA", "ICO", "PCX", "QOI", "SGI", "DDS"]
)
def test_formats_of_pictures_are_read(kind):
    options = {"WEBP": {"lossless": True}, "ICO": {"sizes": [(16, 12)]}}
    picture = read_image(drawing(kind, **options.get(kind, {}))).pixels
    np.testing.assert_array_equal(picture, photo(12, 16))


def test_nobody_else_opens_images_without_naming_the_formats():
    """A call of Image.open anywhere else would let every format in again."""
    for path in (ROOT / "tfcomp").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Image.open":
                assert "formats" in {keyword.arg for keyword in node.keywords}, path


def test_a_heic_file_is_read_with_its_plugin_and_without_it_the_package_is_named(monkeypatch):
    pillow_heif = pytest.importorskip("pillow_heif", reason=needs.HEIF)
    heic = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(photo(64, 96))).save(heic, quality=95)
    for name in ("OPEN", "ID", "EXTENSION", "MIME", "SAVE", "SAVE_ALL"):
        monkeypatch.setattr(Image, name, type(getattr(Image, name))(getattr(Image, name)))
    Image.OPEN.pop("HEIF", None)
    with monkeypatch.context() as missing:
        missing.setitem(sys.modules, "pillow_heif", None)
        with pytest.raises(ImageError, match="pip install pillow-heif"):
            read_image(heic.getvalue())
    pixels = read_image(heic.getvalue()).pixels
    assert np.abs(pixels.astype(int) - photo(64, 96)).mean() < 8


@pytest.mark.parametrize(
    ("head", "package"),
    [
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heic", "pillow-heif"),
        (b"\0\0\0\x1cftypheic\0\0\0\0mif1heic", "pillow-heif"),
        (b"\xff\x0a\x00\x00", "pillow-jxl-plugin"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "pillow-jxl-plugin"),
        (b"\0\0\0\x1cftypavif\0\0\0\0mif1avif", "pillow-avif-plugin"),
    ],
)
def test_a_format_whose_plugin_is_missing_names_its_package(monkeypatch, tmp_path, head, package):
    for name in ("HEIF", "JXL", "AVIF"):
        monkeypatch.delitem(Image.OPEN, name, raising=False)
    for module in ("pillow_heif", "pillow_jxl", "pillow_avif"):
        monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "x.png").write_bytes(head + bytes(60))
    with pytest.raises(ImageError, match=f"x.png .*pip install {package}"):
        read_image(tmp_path / "x.png")


def test_every_listed_format_is_one_that_pillow_or_a_plugin_has():
    Image.init()
    assert set(FORMATS) - set(Image.OPEN) <= {"HEIF", "JXL", "MPO", "AVIF"}
