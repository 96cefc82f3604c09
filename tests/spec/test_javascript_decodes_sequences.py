"""JavaScript decodes frames that depend on each other, in Node, with networks that are formulas."""

from __future__ import annotations

import json
import shutil
import subprocess
import zlib

import pytest

from tests import needs
from tests.conftest import ROOT
from tests.spec import toy_bundle

PROGRAM = ROOT / "tests" / "spec" / "javascript" / "decode_sequence.mjs"

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason=needs.NODE)


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """The folder of a bundle with a file beside it, and the CRC-32 of each frame's latents."""
    folder = tmp_path_factory.mktemp("toy")
    data, latents = toy_bundle.sequence(toy_bundle.write_bundle(folder), 75, 100)
    (folder / "in.tfcomp").write_bytes(data)
    return folder, [zlib.crc32(each.astype("<i4").tobytes()) for each in latents]


def decode(folder, *frames: int | str):
    numbers = toy_bundle.FEATURES, toy_bundle.SCALES, *frames
    command = ["node", PROGRAM, folder, folder / "in.tfcomp", *numbers]
    child = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=True, timeout=100
    )
    return json.loads(child.stdout)


def test_frames_are_the_same_played_and_sought(toy):
    folder, crcs = toy
    order = [0, 1, 2, 3, 4, 5, 2, 5, 1, 0, 4]
    assert decode(folder, *order) == [crcs[number] for number in order]


def test_a_bundle_without_such_networks_is_said_to_have_none(toy, tmp_path):
    folder, _ = toy
    shutil.copytree(folder, tmp_path / "plain")
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["entropy"]["sequence"]
    (tmp_path / "plain" / "manifest.json").write_text(json.dumps(manifest))
    assert "dependent frame" in decode(tmp_path / "plain", 1)["message"]


def test_no_file_that_breaks_off_or_has_another_bit_is_read(toy):
    folder, _ = toy
    found = decode(folder, "damaged")
    assert found["tried"] == found["refused"] == 9 * (folder / "in.tfcomp").stat().st_size
