"""Files that shipped bundles wrote stay readable: spec/golden, a folder a bundle.

See tests/spec/make_golden.py for how a folder is made; this test finds it by itself.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tfcomp
from tests import needs
from tests.spec import make_golden as make
from tfcomp.runtime.codec import read_installed
from tfcomp.runtime.registry import find_by_fingerprint

# In dB, of bundles that are no photographer's.
LEAST_PSNR = {"binary": 20, "vaegan-faces": 19}
FOLDERS = sorted(path.parent for path in make.HOME.glob("*/golden.json"))
GOLDEN = [
    pytest.param(folder, golden, id=f"{folder.name}/{golden['file']}")
    for folder in FOLDERS
    for golden in json.loads((folder / "golden.json").read_text(encoding="utf-8"))["files"]
]


def contents(folder: Path, golden: dict) -> bytes:
    data = (folder / golden["file"]).read_bytes()
    assert make.sha256(data) == golden["sha256"], "the golden file itself was changed"
    return data


def test_there_are_golden_files_and_every_one_is_listed():
    assert GOLDEN
    listed = {folder / case.values[1]["file"] for case in GOLDEN for folder in [case.values[0]]}
    assert listed == set(make.HOME.rglob("*.tfcomp"))


@pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])
def test_the_bundle_of_a_folder_is_shipped(folder):
    fingerprint = json.loads((folder / "golden.json").read_text(encoding="utf-8"))["fingerprint"]
    assert find_by_fingerprint(bytes.fromhex(fingerprint[:8])).manifest.fingerprint == fingerprint


@pytest.mark.parametrize(("folder", "golden"), GOLDEN)
def test_a_golden_file_says_what_it_said(folder, golden):
    picture, _ = read_installed(contents(folder, golden))
    (container,) = picture.frames[0].images
    said = (container.width, container.height, container.quality)
    assert said == (golden["width"], golden["height"], golden["quality"])


@pytest.mark.parametrize(("folder", "golden"), GOLDEN)
def test_the_latents_of_a_golden_file_are_the_same_integers_everywhere(folder, golden):
    latents, _ = make.decode(contents(folder, golden))
    assert list(latents.shape) == golden["latents_shape"]
    assert make.latents_sha256(latents) == golden["latents_sha256"]


@pytest.mark.parametrize(("folder", "golden"), GOLDEN)
def test_the_pixels_of_a_golden_file_are_the_same_to_one_level(folder, golden):
    decoded = tfcomp.decompress(contents(folder, golden))
    with Image.open(folder / golden["pixels"]) as image:
        recorded = np.asarray(image)
    assert make.sha256(recorded) == golden["pixels_sha256"], "the golden picture was changed"
    assert decoded.shape == recorded.shape == (golden["height"], golden["width"], 3)
    difference = np.abs(decoded.astype(int) - recorded)
    equal = make.sha256(decoded) == golden["pixels_sha256"]
    assert difference.max() <= 1, (
        f"{np.count_nonzero(difference > 1)} of {difference.size} samples differ by more than 1, "
        f"at most by {difference.max()}; SHA-256 {'equal' if equal else 'not equal'}"
    )
    assert abs(decoded.mean() - golden["pixels_mean"]) < 0.1


@pytest.mark.parametrize(("folder", "golden"), GOLDEN)
def test_a_golden_picture_resembles_its_photograph(folder, golden):
    """So that what was recorded was right in the first place."""
    sample_images = pytest.importorskip("tfcomp.data", reason=needs.SCIKIT_IMAGE).sample_images
    source = golden["source"]
    rows = slice(source["top"], source["top"] + source["height"])
    columns = slice(source["left"], source["left"] + source["width"])
    crop = sample_images()[source["photograph"]][rows, columns]
    with Image.open(folder / golden["pixels"]) as image:
        error = np.mean((np.asarray(image).astype(float) - crop) ** 2)
    least = LEAST_PSNR.get(folder.name, 22 + golden["quality"])
    assert 10 * np.log10(255**2 / error) > least
