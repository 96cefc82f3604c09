"""Full-integer export: integers where they may be, floats where they must, and never unmeasured."""

from __future__ import annotations

import numpy as np
import pytest

from tfcomp.api import load
from tfcomp.errors import CodecError
from tfcomp.evaluation.curves import Point
from tfcomp.evaluation.metrics import psnr
from tfcomp.export import calibration, cli, int8, quantization_cost


def _export(run, out, *options):
    arguments = ["--tflite", "--run", str(run), "--out", str(out), "--quantize", "int8"]
    return cli.main([*arguments, *options])


@pytest.fixture(scope="module")
def int8_bundle(tmp_path_factory, tiny_run):
    """Of the tiny run, whatever it costs."""
    folder = tmp_path_factory.mktemp("int8") / "tiny"
    assert _export(tiny_run, folder, "--max-loss", "1000000") == 0
    return folder


def test_its_convolutions_are_integers_and_its_ends_are_not(int8_bundle):
    from ai_edge_litert.interpreter import Interpreter

    for file in ("encoder.tflite", "decoder.tflite"):
        path = int8_bundle / file
        kinds = [operation.kind for operation in int8.operations(path.read_bytes())]
        first = kinds.index("CONV_2D")
        assert "QUANTIZE" in kinds[:first] and "DEQUANTIZE" in kinds[first:]
        details = Interpreter(str(path)).get_tensor_details()
        per_channel = [d for d in details if len(d["quantization_parameters"]["scales"]) > 1]
        assert per_channel and {d["dtype"] for d in per_channel} <= {np.int8, np.int32}
        named = {d["name"]: d["dtype"] for d in details}
        assert not [n for n, t in named.items() if "GatherV2" in n and t == np.int8]


def test_it_decodes_its_own_files_to_nearly_what_float32_decodes(
    int8_bundle, tiny_bundle, photograph
):
    exact, integer = load(tiny_bundle), load(int8_bundle)
    decoded = [codec.decompress(codec.compress(photograph, 2)) for codec in (exact, integer)]
    assert psnr(decoded[0], decoded[1]) > 25


def test_it_is_smaller_and_has_the_same_tables(int8_bundle, tiny_bundle):
    for file in ("encoder.tflite", "decoder.tflite"):
        assert (int8_bundle / file).stat().st_size < (tiny_bundle / file).stat().st_size
    assert (int8_bundle / "tables.npz").read_bytes() == (tiny_bundle / "tables.npz").read_bytes()
    assert load(int8_bundle).info["quantization"] == "int8"


def test_a_bundle_that_costs_too_much_is_not_written(tiny_run, tmp_path, capsys):
    out = tmp_path / "bundle"
    assert _export(tiny_run, out, "--max-loss", "-1000") == 2
    message = capsys.readouterr().err
    assert "int8 costs" in message and "BD-rate" in message and "float16" in message
    assert message.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_saved_model_cannot_have_integers(tiny_run, tmp_path, capsys):
    assert _export(tiny_run, tmp_path / "out", "--saved-model") == 2
    assert "--quantize int8" in capsys.readouterr().err


def test_the_loss_is_the_rate_more_at_equal_quality():
    reference = [Point(q, 0.1 * 2**q, 26 + 3.0 * q) for q in range(4)]
    dearer = [Point(p.quality, 1.1 * p.bpp, p.psnr) for p in reference]
    worse = [Point(p.quality, p.bpp, p.psnr - 20) for p in reference]
    assert quantization_cost.loss(reference, dearer) == pytest.approx(10, abs=0.1)
    assert quantization_cost.loss(reference, worse) is None


def test_one_that_shares_no_quality_with_float32_is_refused(monkeypatch):
    curves = {"float": [Point(1, 0.2, 30.0), Point(2, 0.4, 33.0)],
              "broken": [Point(1, 0.2, 8.0), Point(2, 0.4, 8.1)]}
    monkeypatch.setattr(quantization_cost, "points", lambda bundle, images: curves[bundle])
    with pytest.raises(CodecError, match="none of float32's PSNR on 2 pictures"):
        quantization_cost.check("float", "broken", {"a": None, "b": None})


def test_calibration_sees_every_range_of_quality_and_whole_latents(tiny_model, photograph):
    from tfcomp.export.families import deploy

    levels = calibration.levels(tiny_model.qualities)
    assert levels[0] == 1 and levels[-1] == tiny_model.qualities
    made = calibration.samples(
        deploy(tiny_model), [photograph[:63]], tiny_model.stride, tiny_model.qualities
    )
    assert [int(sample["quality"][0]) for sample in made["encode"]] == levels
    stride = tiny_model.stride
    assert made["encode"][0]["image"].shape == (1, 63 // stride * stride, 96 // stride * stride, 3)
    assert made["decode"][0]["latents"].dtype == np.int32
    with pytest.raises(ValueError, match="too small"):
        calibration.samples(deploy(tiny_model), [photograph[:4]], stride, 2)
