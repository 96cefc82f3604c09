"""The commands take and give files of any channels and depth."""

import re

import numpy as np
import pytest

from tests import needs

pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)

import tfcomp
from tests.channels import pictures
from tfcomp import cli
from tfcomp.evaluation.metrics import psnr
from tfcomp.runtime import registry


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """A function that makes a bundle one that files are decoded with."""

    def install(bundle):
        monkeypatch.setenv("TFCOMP_BUNDLES", str(bundle.parent))
        return str(bundle)

    return install


def test_a_npy_file_goes_there_and_comes_back_as_npy_and_tiff(
    five_bundle, installed, tmp_path, capsys
):
    model = installed(five_bundle)
    image = pictures.whole(9, 5, 12)
    np.save(tmp_path / "a.npy", image)
    assert cli.main(["compress", str(tmp_path / "a.npy"), "-m", model, "-q", "3"]) == 0
    packed = tmp_path / "a.tfcomp"
    assert cli.main(["decompress", str(packed), "-o", str(tmp_path / "b.npy")]) == 0
    decoded = np.load(tmp_path / "b.npy")
    assert decoded.shape == image.shape and decoded.dtype == np.uint16
    tifffile = pytest.importorskip("tifffile", reason=needs.ARRAYS)
    assert cli.main(["decompress", str(packed), "-o", str(tmp_path / "b.tif")]) == 0
    assert np.array_equal(tifffile.imread(tmp_path / "b.tif"), decoded)
    capsys.readouterr()
    assert cli.main(["decompress", str(packed), "-o", str(tmp_path / "b.png")]) == 2
    assert "PNG does not hold 5 channels of 12 bits" in capsys.readouterr().err
    assert not (tmp_path / "b.png").exists()


def test_16_bit_png_goes_there_and_comes_back(deep_bundle, installed, tmp_path):
    from PIL import Image

    model = installed(deep_bundle)
    Image.fromarray(pictures.whole(9, 1, 16)[..., 0]).save(tmp_path / "a.png")
    assert cli.main(["compress", str(tmp_path / "a.png"), "-m", model]) == 0
    assert cli.main(["decompress", str(tmp_path / "a.tfcomp"), "-o", str(tmp_path / "b.png")]) == 0
    with Image.open(tmp_path / "b.png") as image:
        assert image.mode == "I;16" and len(np.unique(np.asarray(image))) > 256


def test_what_is_no_picture_of_the_model_ends_in_one_line(
    five_bundle, tmp_path, photograph, capsys
):
    from PIL import Image

    Image.fromarray(photograph).save(tmp_path / "photo.png")
    code = cli.main(["compress", str(tmp_path / "photo.png"), "-m", str(five_bundle)])
    error = capsys.readouterr().err
    assert code == 2 and len(error.splitlines()) == 1 and "give [H, W, 5]" in error
    assert not (tmp_path / "photo.tfcomp").exists()


def test_measuring_writes_the_models_own_curve(five_run, tmp_path):
    from tfcomp.export import cli as export

    (tmp_path / "held").mkdir()
    np.save(tmp_path / "held" / "a.npy", pictures.whole(9, 5, 12))
    flags = ["--tflite", "--run", str(five_run), "--out", str(tmp_path / "five")]
    assert export.main([*flags, "--measure", str(tmp_path / "held")]) == 0
    manifest = registry.find_by_name(str(tmp_path / "five")).manifest
    assert [point["quality"] for point in manifest.rate_distortion] == [1, 2, 3]
    assert all(point["bpp"] > 0 and point["psnr"] > 5 for point in manifest.rate_distortion)


def int8_export(run, out, *more):
    from tfcomp.export import cli as export

    flags = ["--tflite", "--quantize", "int8", "--max-loss", "1000000"]
    return export.main([*flags, "--run", str(run), "--out", str(out), *map(str, more)])


def test_int8_learns_from_pictures_of_the_models_own_kind(
    five_run, five_folder, five_bundle, tmp_path, capsys
):
    held = tmp_path / "held"
    held.mkdir()
    np.save(held / "a.npy", pictures.whole(9, 5, 12))
    out = tmp_path / "five"
    assert int8_export(five_run, out, "--calibration", five_folder, "--check", held) == 0
    assert "int8 costs" in capsys.readouterr().out
    exact, integer = tfcomp.load(five_bundle), tfcomp.load(out)
    assert integer.info["quantization"] == "int8"
    for name in ("encoder.tflite", "decoder.tflite"):
        assert (out / name).stat().st_size < (five_bundle / name).stat().st_size
    image = np.load(held / "a.npy")
    decoded = [codec.decompress(codec.compress(image, 2)) for codec in (exact, integer)]
    assert decoded[1].dtype == np.uint16
    assert psnr(*decoded, 4095) > 25


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "int8 needs pictures of 5 channels of 12 bits: give two folders"),
        (pictures.whole(1, 3, 12), "a.npy: an array of shape .* give .H, W, 5."),
        (pictures.whole(1, 5, 14), "a.npy: the array holds values .* scale or clip"),
        (pictures.whole(1, 5, 12, height=3, width=3), "too small to calibrate with"),
    ],
)
def test_int8_without_such_pictures_ends_in_one_line(five_run, tmp_path, capsys, given, said):
    more = []
    if given is not None:
        (tmp_path / "in").mkdir()
        np.save(tmp_path / "in" / "a.npy", given)
        more = ["--calibration", tmp_path / "in", "--check", tmp_path / "in"]
    assert int8_export(five_run, tmp_path / "five", *more) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "export.py:" in line]
    assert re.search(said, line)
    assert not (tmp_path / "five").exists()


def test_standard_input_holds_what_a_file_holds(five_bundle, tmp_path, monkeypatch):
    import io
    import sys

    image = pictures.whole(9, 5, 12)
    np.save(tmp_path / "a.npy", image)
    given = io.TextIOWrapper(io.BytesIO((tmp_path / "a.npy").read_bytes()))
    monkeypatch.setattr(sys, "stdin", given)
    target = tmp_path / "b.tfcomp"
    assert cli.main(["compress", "-", "-o", str(target), "-m", str(five_bundle), "-q", "2"]) == 0
    assert cli.main(["compress", str(tmp_path / "a.npy"), "-m", str(five_bundle), "-q", "2"]) == 0
    assert target.read_bytes() == (tmp_path / "a.tfcomp").read_bytes()
