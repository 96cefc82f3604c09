import json

import numpy as np
import pytest

import tfcomp
from tfcomp.errors import OutputError
from tfcomp.export import bundle, cli, eight_bit_kernels
from tfcomp.runs import run_folder
from tfcomp.runtime import checksums
from tfcomp.runtime.bundle import Bundle


@pytest.fixture(scope="module", params=["float16", "dynamic"])
def quantized(request, tmp_path_factory, tiny_run):
    folder = tmp_path_factory.mktemp("quantized") / request.param
    flags = ["--tflite", "--run", str(tiny_run), "--out", str(folder), "--quantize", request.param]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(eight_bit_kernels, "FLOAT_CHANNELS", 4)  # the tiny model has few
        assert cli.main(flags) == 0
    return folder


def test_a_quantised_bundle_is_smaller_and_still_a_codec(quantized, tiny_bundle, photograph):
    size = sum((quantized / f"{part}.tflite").stat().st_size for part in ("encoder", "decoder"))
    whole = sum((tiny_bundle / f"{part}.tflite").stat().st_size for part in ("encoder", "decoder"))
    assert size < 0.9 * whole
    codec, exact = tfcomp.load(quantized), tfcomp.load(tiny_bundle)
    picture = codec.decompress(codec.compress(photograph, quality=3)).astype(float)
    expected = exact.decompress(exact.compress(photograph, quality=3))
    assert np.mean(np.square(picture - expected)) < 30


def test_a_quantised_bundle_has_its_own_fingerprint(quantized, tiny_bundle):
    one = json.loads((quantized / "manifest.json").read_text())
    two = json.loads((tiny_bundle / "manifest.json").read_text())
    assert one["fingerprint"] != two["fingerprint"]
    assert one["quantization"] == quantized.name


def test_the_manifest_and_model_card_tell_what_was_trained(tiny_bundle, tiny_config):
    manifest = json.loads((tiny_bundle / "manifest.json").read_text())
    assert manifest["name"] == "tiny"
    assert manifest["qualities"] == 3 and manifest["stride"] == 8
    assert manifest["training"]["steps"] == tiny_config.training.steps
    assert manifest["training"]["seed"] == tiny_config.training.seed
    card = (tiny_bundle / "README.md").read_text()
    assert manifest["fingerprint"] in card and "Training" in card


def test_exporting_twice_gives_the_same_fingerprint(tmp_path, tiny_run, tiny_bundle):
    model, config = run_folder.load_model(tiny_run)
    again = bundle.write_bundle(model, config, tmp_path / "again", "tiny")
    assert again["fingerprint"] == json.loads((tiny_bundle / "manifest.json").read_text())[
        "fingerprint"
    ]


def test_an_older_bundle_is_replaced_and_strange_files_are_not(tmp_path, tiny_run):
    model, config = run_folder.load_model(tiny_run)
    target = tmp_path / "out"
    bundle.write_bundle(model, config, target, "first")
    bundle.write_bundle(model, config, target, "second")
    assert json.loads((target / "manifest.json").read_text())["name"] == "second"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    other = tmp_path / "precious"
    other.mkdir()
    (other / "thesis.txt").write_text("all of it")
    with pytest.raises(OutputError, match="precious"):
        bundle.write_bundle(model, config, other, "third")
    assert (other / "thesis.txt").read_text() == "all of it"


def test_export_says_what_is_missing_in_one_line(tmp_path, capsys, tiny_run):
    for flags, named in (
        (["--run", str(tmp_path), "--tflite"], "run folder"),
        (["--run", str(tiny_run)], "--tflite"),
    ):
        assert cli.main([*flags, "--out", str(tmp_path / "out")]) == 2
        error = capsys.readouterr().err
        assert named in error and error.count("\n") == 1


def test_an_export_writes_checksums_over_all_of_the_bundle(tiny_bundle):
    read = Bundle.read(tiny_bundle, sealed=True)
    _, listed = checksums.parse((tiny_bundle / "SHA256SUMS").read_bytes())
    files = {path.name for path in tiny_bundle.iterdir() if path.is_file()}
    assert set(listed) == files - {"SHA256SUMS"}
    assert read.digest == checksums.digest_of(
        {name: (tiny_bundle / name).read_bytes() for name in listed}
    )


def test_the_largest_picture_of_a_served_model_is_an_option(tmp_path, tiny_run, capsys):
    import tensorflow as tf

    flags = ["--saved-model", "--run", str(tiny_run), "--out", str(tmp_path / "out")]
    for wrong in ("0", "89478486"):
        assert cli.main([*flags, "--max-pixels", wrong]) == 2
        assert "--max-pixels is 1 to 89478485" in capsys.readouterr().err
    assert cli.main([*flags, "--max-pixels", "1000"]) == 0
    served = tf.saved_model.load(str(tmp_path / "out" / "1")).signatures
    codec = tfcomp.load(tmp_path / "out")
    files = [codec.compress(np.zeros((25, width, 3), np.uint8)) for width in (40, 41)]
    errors = served["decompress"](compressed_bytes=tf.constant(files))["error"].numpy().tolist()
    assert errors[0] == b"" and b"41x25" in errors[1] and b"1000" in errors[1]
