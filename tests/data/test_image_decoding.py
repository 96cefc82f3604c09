"""decode_rgb on files that Pillow writes in each mode that matters."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tfcomp.data.decoding import decode_rgb


def _saved(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _photo(height: int = 24, width: int = 32) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows * 8, columns * 6, rows * 2 + columns * 3], axis=2).astype(np.uint8)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "TGA"])
def test_lossless_formats_give_back_the_pixels(kind):
    assert np.array_equal(decode_rgb(_saved(Image.fromarray(_photo()), kind)), _photo())


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {"quality": 95, "subsampling": 0}), ("WEBP", {"quality": 95}), ("GIF", {})],
)
def test_lossy_formats_give_nearly_the_pixels(kind, options):
    decoded = decode_rgb(_saved(Image.fromarray(_photo()), kind, **options))
    assert decoded.shape == (24, 32, 3)
    assert np.abs(decoded.astype(int) - _photo()).mean() < 6


def test_a_path_and_its_bytes_decode_alike(tmp_path):
    (tmp_path / "a.png").write_bytes(_saved(Image.fromarray(_photo()), "PNG"))
    assert np.array_equal(decode_rgb(tmp_path / "a.png"), _photo())


def test_exif_orientation_is_applied():
    upright = Image.fromarray(_photo())
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    sideways = upright.transpose(Image.Transpose.ROTATE_90)
    assert np.array_equal(decode_rgb(_saved(sideways, "PNG", exif=exif)), _photo())


def test_what_is_transparent_lies_on_white_and_opaque_alpha_changes_nothing():
    for alpha, expected in ((255, _photo()), (0, np.full_like(_photo(), 255))):
        image = Image.fromarray(np.dstack([_photo(), np.full((24, 32), alpha, np.uint8)]))
        assert np.array_equal(decode_rgb(_saved(image, "PNG")), expected)


def test_a_palette_with_a_transparent_colour_shows_white_there_and_its_colours_elsewhere():
    image = Image.new("P", (3, 2), 1)
    image.putpalette([255, 0, 0, 0, 0, 255])
    for transparent, expected in ((1, [255, 255, 255]), (0, [0, 0, 255])):
        decoded = decode_rgb(_saved(image, "PNG", transparency=transparent))
        assert np.array_equal(decoded, np.broadcast_to(expected, (2, 3, 3)))


def test_grey_and_bilevel_images_get_three_equal_channels():
    grey = Image.fromarray(_photo()[:, :, 0])
    assert np.array_equal(decode_rgb(_saved(grey, "PNG")), np.repeat(_photo()[:, :, :1], 3, axis=2))
    bilevel = decode_rgb(_saved(grey.point(lambda v: 255 * (v > 90), "1"), "PNG"))
    assert bilevel.shape == (24, 32, 3)
    assert set(np.unique(bilevel)) == {0, 255}


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_becomes_the_nearest_of_256_levels(kind):
    deep = np.linspace(0, 65535, 24 * 32).round().astype(np.uint16).reshape(24, 32)
    decoded = decode_rgb(_saved(Image.fromarray(deep), kind))[:, :, 0]
    assert (decoded.min(), decoded.max()) == (0, 255)
    assert np.abs(decoded * 257.0 - deep).max() <= 128


def test_cmyk_becomes_the_colours_it_prints():
    cmyk = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    red = decode_rgb(_saved(cmyk, "JPEG", quality=95))[8, 8].astype(int)
    assert red[0] > 240
    assert red[1:].max() < 15


def test_floating_point_images_from_zero_to_one_use_the_whole_range():
    ramp = np.linspace(0, 1, 6, dtype=np.float32).reshape(1, 6)
    assert decode_rgb(_saved(Image.fromarray(ramp), "TIFF"))[0, :, 0].tolist() == [
        0, 51, 102, 153, 204, 255,
    ]  # fmt: skip


def test_an_animation_gives_its_first_frame():
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    data = _saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert np.array_equal(decode_rgb(data)[0, 0], [255, 0, 0])


def test_a_cut_off_file_raises_instead_of_giving_half_a_picture():
    whole = _saved(Image.fromarray(_photo(200, 200)), "JPEG")
    with pytest.raises(OSError, match="truncated"):
        decode_rgb(whole[: len(whole) // 2])
