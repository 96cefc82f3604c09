"""The runs that shipped bundles come from export, on this TensorFlow, to what is shipped."""

import json

import numpy as np
import pytest
from skimage import data as photographs

import tfcomp
from tests.conftest import ROOT
from tfcomp.bitstream.container import parse
from tfcomp.export import cli

# What a release adds: figures measured on pictures, terms, and the history of earlier runs.
SAID_BY_HAND = {"rate_distortion", "measured", "licence", "training"}


@pytest.mark.parametrize("name", ["cycle", "cycle-small"])
def test_a_run_exports_to_the_shipped_latents_pixels_and_files(name, tmp_path):
    flags = ["--tflite", "--quantize", "float16", "--run", str(ROOT / "checkpoints" / name)]
    assert cli.main([*flags, "--out", str(tmp_path / name)]) == 0
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


def _assert_same_settings(shipped, exported):
    """Settings stand in the run alone: manifest and tuning follow from it."""
    manifests, tunings = (
        [json.loads((folder / file).read_text()) for folder in (shipped, exported)]
        for file in ("manifest.json", "encoder.json")
    )
    for manifest in manifests:
        del manifest["fingerprint"]  # of the networks' bytes, which differ between TensorFlows
        for key in SAID_BY_HAND:
            manifest.pop(key, None)
    assert manifests[0] == manifests[1]
    assert tunings[0] == tunings[1]
