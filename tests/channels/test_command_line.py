"""The commands take and give files of any channels and depth."""

import numpy as np
import pytest

from tests import needs

pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)

from tests.channels import pictures
from tfcomp import cli
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


def test_what_served_models_have_not_is_said_before_anything_is_written(five_run, tmp_path, capsys):
    from tfcomp.export import cli as export

    flags = ["--tflite", "--saved-model", "--run", str(five_run), "--out", str(tmp_path / "five")]
    assert export.main(flags) == 2
    assert "served models take 8-bit RGB" in capsys.readouterr().err
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
