"""Bundles are read whole and verified; what is wrong with one is said in a line."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

import tfcomp
from tests.bundle_factory import photo, write_bundle, write_manifest
from tfcomp.errors import BundleError, UnknownBundleError
from tfcomp.runtime import registry
from tfcomp.runtime.bundle import Bundle, read_manifest
from tfcomp.runtime.manifest import Manifest


@pytest.fixture
def copy(bundle_folder, tmp_path) -> Path:
    return Path(shutil.copytree(bundle_folder, tmp_path / "copy"))


def zipped(folder: Path, target: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.iterdir():
            archive.write(file, prefix + file.name)
    return target


def test_a_bundle_says_what_the_container_asks(bundle_folder):
    bundle = Bundle.read(bundle_folder)
    assert (bundle.fixed_size, bundle.section_count, bundle.qualities) == (None, 1, 2)
    assert bundle.manifest.short_fingerprint.hex() == bundle.manifest.fingerprint[:8]
    assert bundle.manifest == read_manifest(bundle_folder)


@pytest.mark.parametrize("prefix", ["", "cycle/"])
def test_a_zipped_bundle_is_the_same_bundle(bundle_folder, tmp_path, prefix):
    archive = zipped(bundle_folder, tmp_path / "b.zip", prefix)
    image = photo(8, 8)
    assert tfcomp.load(archive).compress(image) == tfcomp.load(bundle_folder).compress(image)


@pytest.mark.parametrize("name", ["decoder.tflite", "tables.npz"])
def test_a_changed_decoder_or_table_does_not_pass(copy, name):
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(BundleError, match="fingerprint"):
        Bundle.read(copy)


@pytest.mark.parametrize("name", ["manifest.json", "encoder.tflite", "decoder.tflite"])
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(BundleError, match=name):
        Bundle.read(copy)


@pytest.mark.parametrize(
    "changes",
    [
        {"format_version": 2},
        {"name": ""},
        {"qualities": 0},
        {"qualities": 256},
        {"qualities": True},
        {"default_quality": 3},
        {"stride": 0},
        {"channels": "48"},
        {"channels": 47},
        {"fixed_size": [0, 5]},
        {"fixed_size": [10**5, 10**5]},
        {"fixed_size": "5x5"},
        {"max_pixels": 10**9},
        {"entropy": {"kind": "telepathy"}},
        {"entropy": None},
        {"fingerprint": "zz"},
        {"rate_distortion": [1]},
        {"reach": -1},
        {"decoder_reach": -1},
        {"decoder_reach": "four"},
        {"distortion_weights": [30.0]},
        {"distortion_weights": [30.0, 0]},
        {"distortion_weights": "30"},
        {"feedback_gains": [1.0, 1.0]},  # this bundle has no hyperprior
        {"feedback_gains": [1.0]},
        {"feedback_gains": [0.5, 1.5]},
        {"gradient_gains": [0.2, 0.2]},
        {"gradient_gains": [0.2]},
        {"gradient_gains": [0.2, -0.1]},
        {"rate_gains": [0.2, 0.2]},
        {"rate_gains": [0.2]},
        {"feedback_distortion_weights": [15.0]},
        {"feedback_distortion_weights": [15.0, 0]},
    ],
    ids=str,
)
def test_a_wrong_manifest_is_refused_in_one_line(copy, changes):
    write_manifest(copy, **changes)
    with pytest.raises(BundleError) as refusal:
        tfcomp.load(copy)
    assert "\n" not in str(refusal.value)
    assert str(copy) in str(refusal.value) or "tables" in str(refusal.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"format_version": 1}'])
def test_a_manifest_that_is_not_one_is_refused(copy, text):
    (copy / "manifest.json").write_text(text)
    with pytest.raises(BundleError):
        Bundle.read(copy)


def test_a_manifest_may_hold_more_than_this_version_knows(copy):
    write_manifest(copy, later="yes")
    assert Bundle.read(copy).manifest.name == "tiny"


def test_a_manifest_that_tells_no_decoder_reach_has_that_of_both_networks(copy):
    write_manifest(copy, reach=3)
    assert Bundle.read(copy).manifest.decoder_reach == 3
    write_manifest(copy, reach=3, decoder_reach=2)
    assert Bundle.read(copy).manifest.decoder_reach == 2


def test_a_model_that_is_not_tflite_is_an_error_when_it_is_used(copy):
    (copy / "encoder.tflite").write_bytes(b"not a model")
    codec = tfcomp.load(copy)
    with pytest.raises(BundleError, match="encoder.tflite"):
        codec.compress(photo(4, 4))


def test_what_is_no_bundle_is_said(tmp_path):
    (tmp_path / "file.zip").write_text("no zip")
    for name in ("file.zip", "."):
        with pytest.raises(BundleError):
            tfcomp.load(tmp_path / name)
    with pytest.raises(UnknownBundleError, match="no model 'nothing'"):
        tfcomp.load("nothing")


def test_models_are_found_in_folders_of_bundles_in_bundles_and_in_zips(
    bundle_folder, tmp_path, monkeypatch
):
    write_bundle(tmp_path / "many" / "a", name="a", spread=2.5)
    zipped(write_bundle(tmp_path / "b", name="b", spread=3.5), tmp_path / "many" / "b.zip")
    places = [str(tmp_path / "many"), str(bundle_folder), str(tmp_path / "missing"), ""]
    monkeypatch.setenv("TFCOMP_BUNDLES", registry.os.pathsep.join(places))
    assert tfcomp.list_models()[:3] == ["a", "b", "tiny"]
    for name in ("a", "b", "tiny"):
        data = tfcomp.load(name).compress(photo(5, 5))
        assert tfcomp.decompress(data).shape == (5, 5, 3)


def test_of_two_bundles_with_a_name_the_first_compresses_and_both_decompress(tmp_path, monkeypatch):
    old = write_bundle(tmp_path / "2_old", spread=2.5)
    new = write_bundle(tmp_path / "1_new", spread=3.5)
    monkeypatch.setenv("TFCOMP_BUNDLES", str(tmp_path))
    assert tfcomp.list_models().count("tiny") == 1
    assert tfcomp.load("tiny").bundle.source == str(new)
    for path in (old, new):
        assert tfcomp.decompress(tfcomp.load(path).compress(photo(5, 5))).shape == (5, 5, 3)


def test_two_sound_models_with_the_same_short_fingerprint_are_not_mixed_up(
    bundle_folder, tmp_path, monkeypatch
):
    twin = write_bundle(tmp_path / "twin", spread=2.5)
    monkeypatch.setenv("TFCOMP_BUNDLES", registry.os.pathsep.join([str(twin), str(bundle_folder)]))
    # To find two real ones takes four billion fingerprints.
    monkeypatch.setattr(Manifest, "short_fingerprint", b"twin")
    data = tfcomp.load(bundle_folder).compress(photo(4, 4))
    with pytest.raises(UnknownBundleError, match="two installed models"):
        tfcomp.decompress(data)


def test_a_broken_bundle_does_not_hide_the_others(tmp_path, monkeypatch):
    write_bundle(tmp_path / "good")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "manifest.json").write_text("{")
    monkeypatch.setenv("TFCOMP_BUNDLES", str(tmp_path))
    bundles, problems = registry.installed_bundles()
    assert "tiny" in [bundle.manifest.name for bundle in bundles]
    assert len(problems) == 1
    assert str(tmp_path / "bad") in problems[0]


def test_info_is_the_manifest(bundle_folder):
    info = tfcomp.load(bundle_folder).info
    manifest = json.loads((bundle_folder / "manifest.json").read_text())
    assert info["name"] == manifest["name"]
    assert info["fingerprint"] == manifest["fingerprint"]
    assert info["source"] == str(bundle_folder)
