"""The page refuses a few bytes that claim many megapixels, before any network runs."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from tests import needs
from tests.conftest import ROOT
from tfcomp.bitstream.container import Container, pack
from tfcomp.runtime.registry import find_by_name

_PARSE = """
const { parseFile } = await import(process.argv[1]);
const { manifests, files } = JSON.parse(process.argv[2]);
const bundles = manifests.map((manifest) => ({ manifest }));
console.log(JSON.stringify(files.map((digits) => {
  try {
    const { picture } = parseFile(Uint8Array.from(Buffer.from(digits, "hex")), bundles);
    return [picture.frames[0].width, picture.frames[0].height];
  } catch (error) {
    return error.message;
  }
})));
"""

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason=needs.NODE)


def test_what_a_file_may_claim_follows_from_its_length():
    found = [find_by_name(name) for name in ("cycle", "binary")]
    files = []
    for bundle in found:
        short, sections = bundle.manifest.short_fingerprint, bundle.manifest.section_count
        for size in ((6000, 6000), (1, 1_000_000), (100, 100)):
            files.append(pack(Container(short, 8, *size, (b"\0\0",) * sections)).hex())
    manifests = [json.loads((bundle.path / "manifest.json").read_text()) for bundle in found]
    module = (ROOT / "examples" / "web" / "js" / "runtime" / "codec.js").as_uri()
    asked = json.dumps({"manifests": manifests, "files": files})
    command = ["node", "--input-type=module", "-e", _PARSE, module, asked]
    child = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    verdicts = json.loads(child.stdout)
    for large, narrow, small in (verdicts[:3], verdicts[3:]):
        assert "6000×6000 pixels, more than its" in large
        assert "may claim" in narrow
        assert small == [100, 100]
