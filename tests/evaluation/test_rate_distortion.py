import numpy as np
import pytest
from PIL import Image

from tfcomp.evaluation import rate_distortion
from tfcomp.evaluation.classical import JPEG, WEBP
from tfcomp.evaluation.metrics import psnr
from tfcomp.evaluation.rate_distortion import Point


def test_psnr_follows_its_formula():
    picture = np.full((4, 5, 3), 100, np.uint8)
    assert psnr(picture, picture + 10) == pytest.approx(10 * np.log10(255**2 / 100))
    assert psnr(picture, picture) == float("inf")


def test_psnr_refuses_anything_but_decoded_pixels():
    with pytest.raises(ValueError):
        psnr(np.zeros((2, 2, 3)), np.zeros((2, 2, 3)))
    with pytest.raises(ValueError):
        psnr(np.zeros((2, 2, 3), np.uint8), np.zeros((2, 3, 3), np.uint8))


def test_bd_rate_of_half_the_bytes_at_equal_psnr_is_minus_50_percent():
    values = ((1, 0.2, 27), (2, 0.4, 30), (3, 0.8, 33), (4, 1.6, 36))
    anchor = [Point(*value) for value in values]
    half = [Point(p.quality, p.bpp / 2, p.psnr) for p in anchor]
    percent, low, high = rate_distortion.bd_rate(anchor, half)
    assert percent == pytest.approx(-50, abs=0.1)
    assert (low, high) == (27, 36)


def test_curves_are_measured_on_whole_files(photograph):
    points = rate_distortion.curve(JPEG.encode, JPEG.decode, (10, 90), {"one": photograph})
    size = len(JPEG.encode(photograph, 10))
    assert points[0].bpp == pytest.approx(8 * size / (64 * 96))
    assert points[0].bpp < points[1].bpp and points[0].psnr < points[1].psnr


def test_webp_beats_jpeg_as_it_should(photograph):
    images = {"one": photograph}
    jpeg = rate_distortion.curve(JPEG.encode, JPEG.decode, JPEG.qualities, images)
    webp = rate_distortion.curve(WEBP.encode, WEBP.decode, WEBP.qualities, images)
    assert rate_distortion.bd_rate(jpeg, webp)[0] < 0


def test_the_command_prints_curves_and_bd_rate(tmp_path, capsys, tiny_bundle, photograph):
    Image.fromarray(photograph).save(tmp_path / "one.png")
    flags = [str(tmp_path), "--model", str(tiny_bundle), "--json", str(tmp_path / "out.json")]
    assert rate_distortion.main(flags) == 0
    printed = capsys.readouterr().out
    assert "BD-rate" in printed and "subsampling=4:2:0" in printed
    assert "jpeg" in (tmp_path / "out.json").read_text()


def test_an_empty_folder_or_unknown_codec_is_refused(tmp_path, capsys, tiny_bundle, photograph):
    assert rate_distortion.main([str(tmp_path), "--model", str(tiny_bundle)]) == 2
    assert "no images" in capsys.readouterr().err
    Image.fromarray(photograph).save(tmp_path / "one.png")
    flags = [str(tmp_path), "--model", str(tiny_bundle), "--codecs", "mp3"]
    assert rate_distortion.main(flags) == 2
    assert "mp3" in capsys.readouterr().err
