"""`export.py --measure`: one's own bundle says what it was measured to do."""

import json

import numpy as np
import pytest
from PIL import Image

import tfcomp
from tests import bundle_factory
from tfcomp.evaluation.metrics import ms_ssim, psnr
from tfcomp.export import cli, measured


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder with two pictures, one too small for MS-SSIM, one in a folder within."""
    folder = tmp_path_factory.mktemp("pictures") / "mine"
    (folder / "more").mkdir(parents=True)
    Image.fromarray(bundle_factory.photo(180, 192)).save(folder / "a.png")
    Image.fromarray(bundle_factory.photo(60, 90, seed=1)).save(folder / "more" / "b.png")
    return folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory, tiny_run, pictures):
    folder = tmp_path_factory.mktemp("measured") / "tiny"
    flags = ["--tflite", "--run", str(tiny_run), "--out", str(folder)]
    assert cli.main([*flags, "--measure", str(pictures)]) == 0
    return folder


def test_the_manifest_holds_what_whole_files_cost_and_are_worth(exported, pictures, tiny_bundle):
    manifest = json.loads((exported / "manifest.json").read_text())
    codec = tfcomp.load(exported)
    assert [point["quality"] for point in manifest["rate_distortion"]] == [1, 2, 3]
    images = [np.asarray(Image.open(p)) for p in (pictures / "a.png", pictures / "more/b.png")]
    for point in manifest["rate_distortion"]:
        files = [codec.compress(image, quality=point["quality"]) for image in images]
        decoded = [codec.decompress(file) for file in files]
        rates = [8 * len(f) / image[..., 0].size for f, image in zip(files, images)]
        assert point["bpp"] == pytest.approx(np.mean(rates))
        assert point["psnr"] == pytest.approx(np.mean([*map(psnr, images, decoded)]), abs=0.01)
        assert point["ms_ssim"] == pytest.approx(ms_ssim(images[0], decoded[0]), abs=1e-3)
    before = json.loads((tiny_bundle / "manifest.json").read_text())
    assert manifest["fingerprint"] == before["fingerprint"] and before["rate_distortion"] == []


def test_the_card_tells_it_and_on_what(exported, tiny_bundle):
    card = (exported / "README.md").read_text()
    assert "mine (2 pictures), whole files, decoded 8-bit pixels" in card
    assert "BD-rate at equal PSNR against jpeg (subsampling=4:2:0, optimize=True)" in card
    assert "| quality | bits/pixel | PSNR dB | MS-SSIM |" in card and "Not measured" not in card
    point = json.loads((exported / "manifest.json").read_text())["rate_distortion"][0]
    assert f"| 1 | {point['bpp']:.4f} | {point['psnr']:.2f} | {point['ms_ssim']:.4f} |" in card
    unmeasured = (tiny_bundle / "README.md").read_text()
    assert "Not measured yet: `python export.py --measure" in unmeasured


def test_an_exported_bundle_can_be_measured_where_it_is(tmp_path, tiny_run, pictures, capsys):
    out = tmp_path / "tiny"
    assert cli.main(["--tflite", "--run", str(tiny_run), "--out", str(out)]) == 0
    files = {p.name: p.read_bytes() for p in out.iterdir()}
    assert cli.main(["--out", str(out), "--measure", str(pictures)]) == 0
    assert "mine (2 pictures)" in capsys.readouterr().out
    changed = {p.name for p in out.iterdir() if p.read_bytes() != files.get(p.name)}
    assert changed == {"manifest.json", "README.md", "SHA256SUMS", "results.json"}
    assert len(tfcomp.load(out).info["rate_distortion"]) == 3


def test_what_cannot_be_measured_is_said_before_anything_is_written(
    tmp_path, tiny_run, pictures, capsys
):
    (tmp_path / "empty").mkdir()
    export = ["--tflite", "--run", str(tiny_run)]
    for flags, words in (
        ([*export, "--measure", str(tmp_path / "empty")], "no images in"),
        ([*export, "--measure", str(tmp_path / "missing")], "is not a folder"),
        (["--measure", str(pictures)], "holds no bundle to measure"),
    ):
        assert cli.main([*flags, "--out", str(tmp_path / "out")]) == 2
        error = capsys.readouterr().err
        assert words in error and error.count("\n") == 1
        assert not (tmp_path / "out").exists()


def test_lossless_files_have_no_psnr_and_still_a_card(tmp_path, tiny_run):
    flat = tmp_path / "flat"
    flat.mkdir()
    Image.new("RGB", (64, 64), (128, 128, 128)).save(flat / "grey.png")
    blocks = bundle_factory.write_bundle(tmp_path / "blocks")
    found = measured.measure(blocks, flat)
    assert [point["psnr"] for point in found["rate_distortion"]] == [None, None]
    from tfcomp.export import bundle

    manifest = {**json.loads((blocks / "manifest.json").read_text()), **found}
    bundle.write_manifest(blocks, manifest)
    assert "NaN" not in (blocks / "manifest.json").read_text()
    assert "Infinity" not in (blocks / "manifest.json").read_text()
    assert "| 1 | " in (blocks / "README.md").read_text()
    tfcomp.load(blocks)


def test_a_picture_of_another_size_than_the_models_is_named(tmp_path, pictures):
    blocks = bundle_factory.write_bundle(tmp_path / "fixed", name="fixed", fixed_size=[64, 64])
    with pytest.raises(tfcomp.CodecError, match=r"fixed takes images of 64x64 pixels only, and a"):
        measured.measure(blocks, pictures)


def test_one_of_integers_is_measured_as_it_is(tmp_path, tiny_run, pictures, capsys):
    out = tmp_path / "int8"
    flags = ["--tflite", "--run", str(tiny_run), "--out", str(out), "--quantize", "int8"]
    assert cli.main([*flags, "--max-loss", "1000000", "--measure", str(pictures)]) == 0
    manifest = json.loads((out / "manifest.json").read_text())
    assert len(manifest["rate_distortion"]) == 3 and manifest["quantization"] == "int8"
    printed = capsys.readouterr().out
    assert "int8 costs" in printed and manifest["measured"] in printed
