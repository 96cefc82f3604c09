"""The page shows the golden files of every shipped bundle as Python does, whatever their kind."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT
from tests.spec.vector_file import checks_of
from tests.web.conftest import decoded_pixels, facts, give

FOLDERS = sorted(path.parent for path in (ROOT / "spec" / "golden").glob("*/golden.json"))
GOLDEN = [
    pytest.param(folder, golden, id=f"{folder.name}/{golden['file']}")
    for folder in FOLDERS
    for golden in json.loads((folder / "golden.json").read_text(encoding="utf-8"))["files"]
]
# In the page's worker: only there LiteRT.js runs.
_LATENTS = """
async file => {
  const { installedBundles, readBundle } = await import("/js/runtime/bundle.js");
  const { createDecoder, decodeFile, readHeader, settingsOf } =
    await import("/js/runtime/decoder.js");
  const { IntegerNetworks } = await import("/js/runtime/integer_networks.js");
  const { Model } = await import("/js/runtime/litert.js");
  const bytes = Uint8Array.from(file);
  const { fingerprint } = readHeader(bytes);
  const bundle = (await installedBundles()).find(
    ({ manifest }) => manifest.fingerprint.startsWith(fingerprint),
  );
  const { tables, entropy } = await readBundle(bundle);
  const settings = { ...settingsOf(bundle.manifest), tables };
  if (entropy) {
    const model = new Model(entropy, "entropy.tflite");
    settings.networks = new IntegerNetworks(model, bundle.manifest.entropy);
  }
  const image = await decodeFile(createDecoder(settings), bytes);
  const { rows, columns, channels, quality, width, height } = image;
  return {
    shape: [rows, columns, channels],
    said: [width, height, quality],
    latents: Array.from(image.latents),
  };
}
"""


@pytest.mark.parametrize(("folder", "golden"), GOLDEN)
def test_a_golden_file_decodes_to_its_golden_pixels(page, folder: Path, golden: dict):
    data = (folder / golden["file"]).read_bytes()
    give(page, (golden["file"], data))
    assert not page.is_visible("#error"), page.inner_text("#error")
    expected = np.asarray(Image.open(folder / golden["pixels"]), np.int16)
    found = decoded_pixels(page)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1  # spec/format.md, The promise
    assert facts(page)["Picture"] == f"{golden['width']} × {golden['height']}"
    assert facts(page)["Size"] == f"{len(data):,} bytes"


@pytest.mark.parametrize(("folder", "golden"), GOLDEN)
def test_its_latents_are_the_golden_integers(page, folder, golden):
    (worker,) = page.workers
    found = worker.evaluate(_LATENTS, list((folder / golden["file"]).read_bytes()))
    assert found["said"] == [golden["width"], golden["height"], golden["quality"]]
    assert found["shape"] == golden["latents_shape"]
    digest = hashlib.sha256(np.array(found["latents"], "<i4").tobytes()).hexdigest()
    assert digest == golden["latents_sha256"]


def test_every_golden_file_of_the_vectors_is_among_them():
    cases = {check.lines["case"] for check in checks_of("golden")}
    assert {case.id.removesuffix(".tfcomp") for case in GOLDEN} == cases
