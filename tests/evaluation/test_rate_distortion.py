import pytest
from PIL import Image

from tfcomp.evaluation import rate_distortion
from tfcomp.evaluation.classical import JPEG, WEBP
from tfcomp.evaluation.curves import bd_rate


def test_curves_are_measured_on_whole_files(photographs):
    image = photographs["coffee.png"]
    points = rate_distortion.curve(JPEG.encode, JPEG.decode, (10, 90), {"one": image})
    assert points[0].bpp == pytest.approx(8 * len(JPEG.encode(image, 10)) / (96 * 128))
    assert points[0].bpp < points[1].bpp and points[0].psnr < points[1].psnr


def test_webp_beats_jpeg_as_it_should(photographs):
    jpeg = rate_distortion.curve(JPEG.encode, JPEG.decode, JPEG.qualities, photographs)
    webp = rate_distortion.curve(WEBP.encode, WEBP.decode, WEBP.qualities, photographs)
    assert bd_rate(jpeg, webp).percent < -5


def test_the_command_prints_curves_and_bd_rate(folder, tmp_path, capsys, bundle_folder):
    flags = [str(folder), "--model", str(bundle_folder), "--json", str(tmp_path / "out.json")]
    assert rate_distortion.main(flags) == 0
    printed = capsys.readouterr().out
    assert "BD-rate" in printed and "subsampling=4:2:0" in printed
    assert "jpeg" in (tmp_path / "out.json").read_text()


def test_an_empty_folder_or_unknown_codec_is_refused(tmp_path, capsys, bundle_folder, photographs):
    assert rate_distortion.main([str(tmp_path), "--model", str(bundle_folder)]) == 2
    assert "no images" in capsys.readouterr().err
    Image.fromarray(photographs["coffee.png"]).save(tmp_path / "one.png")
    flags = [str(tmp_path), "--model", str(bundle_folder), "--codecs", "mp3"]
    assert rate_distortion.main(flags) == 2
    assert "mp3" in capsys.readouterr().err


def test_lossless_files_have_no_curve_and_leave_json(tmp_path, capsys, bundle_folder):
    Image.new("L", (64, 64), 128).save(tmp_path / "flat.png")
    out = tmp_path / "out.json"
    flags = [str(tmp_path), "--model", str(bundle_folder), "--json", str(out)]
    assert rate_distortion.main(flags) == 0
    printed = capsys.readouterr().out
    assert "1 image of" in printed and "against jpeg: one PSNR, no curve" in printed
    assert "Infinity" not in out.read_text() and '"psnr": null' in out.read_text()


def test_a_model_of_one_size_names_the_image_that_it_does_not_take(folder, capsys):
    assert rate_distortion.main([str(folder), "--model", "vaegan-faces"]) == 2
    assert "128x128 pixels only, and astronaut.png has 200x192" in capsys.readouterr().err
