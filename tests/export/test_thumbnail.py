"""Thumbnails are added to a bundle without a change to what files mean."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

import tfcomp
from tests.bundle_factory import photo
from tests.shipped import folder_of
from tfcomp.errors import BundleError
from tfcomp.export import thumbnail
from tfcomp.runtime.bundle import Bundle
from tfcomp.runtime.manifest import Manifest


@pytest.fixture
def bundle(tmp_path):
    """A copy of a shipped bundle that has no thumbnails."""
    return shutil.copytree(folder_of("cycle-small-msssim"), tmp_path / "copy")


def test_a_bundle_gets_thumbnails_and_keeps_its_fingerprint(bundle, tmp_path, capsys):
    before = Bundle.read(bundle)
    assert before.thumbnail is None
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(3):
        small = Image.fromarray(photo(40, 50, seed=number))
        small.resize((500, 400), Image.Resampling.BICUBIC).save(pictures / f"{number}.png")
    assert thumbnail.main([str(bundle), str(pictures), "--channels", "12"]) == 0
    after = Bundle.read(bundle, sealed=True)
    assert after.manifest.fingerprint == before.manifest.fingerprint
    assert after.manifest.thumbnail_channels == 12
    codec = tfcomp.load(bundle)
    data = codec.compress(pictures / "1.png")
    assert data == tfcomp.load("cycle-small-msssim").compress(pictures / "1.png")
    wanted = np.asarray(Image.open(pictures / "1.png").reduce(8)).astype(float)
    assert np.mean((codec.decompress(data, scale=8) - wanted) ** 2) < 150


def test_models_that_cannot_have_them_are_refused(tmp_path, capsys):
    folder = shutil.copytree(folder_of("cycle-factorized"), tmp_path / "copy")
    Image.fromarray(photo(64, 64)).save(tmp_path / "1.png")
    assert thumbnail.main([str(folder), str(tmp_path)]) == 2
    assert "no thumbnails" in capsys.readouterr().err
    assert not (folder / "thumbnail.tflite").exists()


@pytest.mark.parametrize("channels", [0, -1, 321, "112", 1.5])
def test_a_wrong_number_of_channels_is_refused(bundle, channels):
    manifest = json.loads((bundle / "manifest.json").read_text())
    with pytest.raises(BundleError, match="thumbnail_channels"):
        Manifest.from_json(json.dumps({**manifest, "thumbnail_channels": channels}).encode())


def test_a_stride_that_has_no_quarter_is_refused(bundle):
    manifest = json.loads((bundle / "manifest.json").read_text())
    changed = {**manifest, "thumbnail_channels": 9, "stride": 18}
    with pytest.raises(BundleError, match="stride"):
        Manifest.from_json(json.dumps(changed).encode())
