"""The page shows the golden files of every shipped bundle as Python does, whatever their kind."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT
from tests.web.conftest import decoded_pixels, facts, give

FOLDERS = sorted(path.parent for path in (ROOT / "spec" / "golden").glob("*/golden.json"))
GOLDEN = [
    pytest.param(folder, golden, id=f"{folder.name}/{golden['file']}")
    for folder in FOLDERS
    for golden in json.loads((folder / "golden.json").read_text(encoding="utf-8"))["files"]
]
_LATENTS = """
async file => {
  const { installedBundles } = await import("/js/runtime/bundle.js");
  const { openCodec, parseFile } = await import("/js/runtime/codec.js");
  const { TILE_SIDES } = await import("/js/runtime/tiles.js");
  const { container, bundle } = parseFile(Uint8Array.from(file), await installedBundles());
  const { sections, quality, width, height } = container;
  const size = [height, width].map(side => Math.ceil(side / bundle.manifest.stride));
  const { entropy } = await openCodec(bundle);
  await entropy.prepare(...size, quality, TILE_SIDES);
  return Array.from((await entropy.decode(sections, quality, ...size)).data);
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


@pytest.mark.parametrize(
    ("folder", "golden"), [case for case in GOLDEN if "cycle" not in case.values[0].name]
)
def test_its_latents_are_the_golden_integers(page, folder, golden):
    """Of the kinds that need no network for them; a page can run LiteRT.js in a worker only."""
    found = page.evaluate(_LATENTS, list((folder / golden["file"]).read_bytes()))
    assert len(found) == np.prod(golden["latents_shape"])
    digest = hashlib.sha256(np.array(found, "<i4").tobytes()).hexdigest()
    assert digest == golden["latents_sha256"]
