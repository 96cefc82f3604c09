"""The runs that shipped bundles come from export, on this TensorFlow, to what is shipped."""

import json

import numpy as np
import pytest
from skimage import data as photographs

import tfcomp
from tests.conftest import ROOT
from tfcomp.bitstream.container import parse
from tfcomp.export import cli
from tfcomp.export.bundle import write_manifest

# What `tfcomp release` adds; bundles from before it have history and terms that no run holds.
OF_A_RELEASE = {
    *("rate_distortion", "measured", "licence", "authors", "training", "tuning", "environment"),
    "thumbnail_channels",  # of thumbnails, which are fitted to a bundle
}


@pytest.mark.parametrize("name", ["cycle", "cycle-small"])
def test_a_run_exports_to_the_shipped_latents_pixels_and_files(name, tmp_path):
    flags = ["--tflite", "--quantize", "float16", "--run", str(ROOT / "checkpoints" / name)]
    assert cli.main([*flags, "--out", str(tmp_path / name)]) == 0
    _take_tuned_numbers(ROOT / "tfcomp" / "bundles" / name, tmp_path / name)
    _assert_same_settings(ROOT / "tfcomp" / "bundles" / name, tmp_path / name)
    shipped, exported = tfcomp.load(name), tfcomp.load(tmp_path / name)
    image = photographs.astronaut()[:160, 96:304]
    for quality in (1, 5, 8):
        data, again = (codec.compress(image, quality) for codec in (shipped, exported))
        # Between the fingerprint and the checksum: size, quality and every coded latent.
        assert data[8:-4] == again[8:-4]
        sections = parse(data, lambda _: shipped.bundle).sections
        same = [
            codec.decode_latents(
                codec.entropy_coder.decode(sections, quality, 10, 13), quality, image.shape[:2]
            )
            for codec in (shipped, exported)
        ]
        np.testing.assert_array_equal(*same)


def _take_tuned_numbers(shipped, exported):
    """Thresholds and gains that a release has found are no part of the run."""
    manifests = [json.loads((each / "manifest.json").read_text()) for each in (shipped, exported)]
    if "tuning" in manifests[0]:
        manifests[1]["distortion_weights"] = manifests[0]["distortion_weights"]
        (exported / "encoder.json").write_bytes((shipped / "encoder.json").read_bytes())
        write_manifest(exported, manifests[1])


def _assert_same_settings(shipped, exported):
    """Settings stand in the run alone: manifest and tuning follow from it."""
    manifests, tunings = (
        [json.loads((folder / file).read_text()) for folder in (shipped, exported)]
        for file in ("manifest.json", "encoder.json")
    )
    for manifest in manifests:
        del manifest["fingerprint"]  # of the networks' bytes, which differ between TensorFlows
        for key in OF_A_RELEASE:
            manifest.pop(key, None)
    assert manifests[0] == manifests[1]
    assert tunings[0] == tunings[1]
