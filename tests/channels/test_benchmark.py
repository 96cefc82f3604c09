"""Models of other pictures beside JPEG 2000 and JPEG XL, by whole files."""

import json

import numpy as np
import pytest
from PIL import Image

from tests import needs

pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)
pytest.importorskip("bjontegaard")

from tests.channels import pictures
from tfcomp.errors import CodecError
from tfcomp.evaluation import benchmark
from tfcomp.evaluation.metrics import psnr
from tfcomp.evaluation.sample_codecs import codecs_for
from tfcomp.image_spec import GREY8, ImageSpec

SPECS = {
    "five of 12 bits": ImageSpec(5, 12),
    "grey of 16 bits": ImageSpec(1, 16),
    "RGB of 16 bits": ImageSpec(3, 16),
    "two of floats": ImageSpec(2, range=(-2.0, 6.0)),
    "grey of 8 bits": GREY8,
}


def picture(spec, seed=1):
    values = pictures.made(seed, spec.channels, spec.peak) + spec.low
    return (np.rint(values) if spec.is_whole else values).astype(spec.dtype)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_each_codec_gives_samples_back_and_more_bytes_bring_more_decibels(spec):
    image, met = picture(spec), 0
    for codec in codecs_for(spec).values():
        if codec.missing():
            continue
        met += 1
        low, high = codec.qualities[0], codec.qualities[-1]
        files = [codec.encode(image, quality) for quality in (low, high)]
        decoded = [codec.decode(file) for file in files]
        assert all(each.shape == image.shape and each.dtype == spec.dtype for each in decoded)
        assert len(files[0]) < len(files[1]), codec.name
        first, last = (psnr(image, each, spec.peak) for each in decoded)
        assert first + 3 < last and last > 38, codec.name
    if not met:
        pytest.skip("needs imagecodecs")


def test_a_codec_that_does_not_hold_such_pictures_is_named():
    present, missing = benchmark._installed(["jpeg", "avif"], ImageSpec(5, 12))
    assert not present and missing[1] == "avif: does not hold 5 channels of 12 bits"


def test_a_model_of_five_channels_is_measured_by_its_range(five_bundle, tmp_path):
    pytest.importorskip("imagecodecs", reason=needs.ARRAYS)
    (tmp_path / "held").mkdir()
    for seed in (7, 8):
        np.save(tmp_path / "held" / f"{seed}.npy", pictures.whole(seed, 5, 12))
    plan = benchmark.Plan(
        tmp_path / "held",
        (str(five_bundle),),
        ("jpeg", "jpeg2000", "jxl"),
        repeats=1,
        image=ImageSpec(5, 12),
    )
    results = benchmark.run(plan)
    benchmark.make_writable(tmp_path / "report", tmp_path / "held")
    benchmark.write(results, tmp_path / "report", 3)
    assert [entry.name for entry in results.entries] == [str(five_bundle), "jpeg2000", "jxl"]
    assert results.anchor == "jpeg2000" and results.entries[0].macs.encoder > 0
    written = json.loads((tmp_path / "report" / "results.json").read_text())
    assert written["image"] == {"channels": 5, "colour": "none", "bits": 12}
    psnrs = [mean["psnr"] for mean in written["entries"][1]["mean"]]
    assert psnrs[0] < 31 and psnrs[-1] > 55
    page = (tmp_path / "report" / "report.html").read_text()
    assert "5 channels of 12 bits" in page and "8-bit RGB pixels" not in page


def test_a_file_of_other_pictures_is_refused_by_name(five_bundle, tmp_path):
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    plan = benchmark.Plan(tmp_path, (str(five_bundle),), (), image=ImageSpec(5, 12))
    with pytest.raises(CodecError, match="a.png") as caught:
        benchmark.run(plan)
    assert "\n" not in str(caught.value)
