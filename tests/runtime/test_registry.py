"""One bundle that is damaged or lies about itself does not keep the sound ones from decoding."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

import tfcomp
from tests.bundle_factory import photo, write_bundle, write_manifest
from tfcomp.errors import BundleError, UnknownBundleError
from tfcomp.export.checksums import write_checksums
from tfcomp.runtime import registry
from tfcomp.runtime.bundle import read_manifest


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder that the user named, with the sound bundle "tiny" at its end."""
    write_bundle(tmp_path / "bundles" / "z-sound")
    monkeypatch.setenv("TFCOMP_BUNDLES", str(tmp_path / "bundles"))
    return tmp_path / "bundles"


def damaged_zip(folder: Path, sound: Path) -> None:
    """Its entries are deflated, and every byte of their data is wrong."""
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sound.iterdir():
            archive.write(file, file.name)
    data = bytearray((folder / "a.zip").read_bytes())
    data[60:400] = bytes(255 - byte for byte in data[60:400])
    (folder / "a.zip").write_bytes(data)


def cut_zip(folder: Path, sound: Path) -> None:
    damaged_zip(folder, sound)
    (folder / "a.zip").write_bytes((folder / "a.zip").read_bytes()[:-30])


def empty_zip(folder: Path, sound: Path) -> None:
    (folder / "a.zip").write_bytes(b"")


def lone_manifest(folder: Path, sound: Path) -> None:
    """3 kB that claim to be the sound bundle, name, fingerprint and all."""
    (folder / "a").mkdir()
    shutil.copy(sound / "manifest.json", folder / "a")


def other_files(folder: Path, sound: Path) -> None:
    """The name and the fingerprint of one bundle over the files of another."""
    fingerprint = read_manifest(sound).fingerprint
    write_bundle(folder / "a", spread=3.0, fingerprint=fingerprint)


def huge_manifest(folder: Path, sound: Path) -> None:
    manifest = json.loads((sound / "manifest.json").read_text())
    (folder / "a").mkdir()
    (folder / "a" / "manifest.json").write_text(json.dumps(manifest) + " " * 2**20)


def huge_number(folder: Path, sound: Path) -> None:
    manifest = json.loads((sound / "manifest.json").read_text())
    manifest["distortion_weights"] = [10**400] * manifest["qualities"]
    (folder / "a").mkdir()
    (folder / "a" / "manifest.json").write_text(json.dumps(manifest))


def pipe_for_a_network(folder: Path, sound: Path) -> None:
    shutil.copytree(sound, folder / "a")
    (folder / "a" / "decoder.tflite").unlink()
    os.mkfifo(folder / "a" / "decoder.tflite")


def device_for_a_network(folder: Path, sound: Path) -> None:
    shutil.copytree(sound, folder / "a")
    (folder / "a" / "encoder.tflite").unlink()
    (folder / "a" / "encoder.tflite").symlink_to("/dev/zero")


def pipe_for_a_zip(folder: Path, sound: Path) -> None:
    os.mkfifo(folder / "a.zip")


def changed_encoder_under_checksums(folder: Path, sound: Path) -> None:
    shutil.copytree(sound, folder / "a")
    write_checksums(folder / "a")
    with open(folder / "a" / "encoder.tflite", "ab") as file:
        file.write(b"more")


def dangling_link(folder: Path, sound: Path) -> None:
    (folder / "a.zip").symlink_to(folder / "nothing")


UNSOUND = [
    damaged_zip,
    cut_zip,
    empty_zip,
    lone_manifest,
    other_files,
    huge_manifest,
    huge_number,
    pipe_for_a_network,
    device_for_a_network,
    changed_encoder_under_checksums,
]
IGNORED = [pipe_for_a_zip, dangling_link]


@pytest.mark.parametrize("spoil", UNSOUND + IGNORED, ids=lambda each: each.__name__)
def test_the_sound_bundles_decode_and_answer_to_their_names_beside_an_unsound_one(folder, spoil):
    sound = folder / "z-sound"
    data = tfcomp.load(sound).compress(photo(8, 8))
    spoil(folder, sound)
    assert tfcomp.decompress(data).shape == (8, 8, 3)
    assert tfcomp.load("tiny").bundle.source == str(sound)
    assert tfcomp.list_models()[0] == "tiny"
    assert registry.default_model() == "cycle"


@pytest.mark.parametrize("spoil", UNSOUND, ids=lambda each: each.__name__)
def test_an_unsound_bundle_is_said_once_in_one_line(folder, spoil, caplog):
    data = tfcomp.load(folder / "z-sound").compress(photo(8, 8))
    spoil(folder, folder / "z-sound")
    for _ in range(3):
        tfcomp.decompress(data)
        tfcomp.load("tiny")
    (record,) = [each for each in caplog.records if each.name == "tfcomp"]
    assert str(folder / "a") in record.getMessage() and "\n" not in record.getMessage()
    _, problems = registry.installed_bundles()
    assert len(problems) == 1


def test_a_bundle_that_is_repaired_is_found_again(folder):
    data = tfcomp.load(folder / "z-sound").compress(photo(8, 8))
    encoder = folder / "z-sound" / "decoder.tflite"
    content = encoder.read_bytes()
    encoder.write_bytes(content[:-1] + b"?")
    with pytest.raises(UnknownBundleError, match="broken: .*z-sound"):
        tfcomp.decompress(data)
    with pytest.raises(BundleError, match="z-sound"):
        tfcomp.load("tiny")
    encoder.write_bytes(content)
    assert tfcomp.decompress(data).shape == (8, 8, 3)


def test_of_two_copies_of_one_model_the_one_with_checksums_decodes(folder):
    """The fingerprint covers little of the manifest: another stride makes another picture."""
    sound = folder / "z-sound"
    data = tfcomp.load(sound).compress(photo(8, 8))
    write_checksums(sound)
    shutil.copytree(sound, folder / "a")
    write_manifest(folder / "a", stride=2)
    (folder / "a" / "SHA256SUMS").unlink()
    short = read_manifest(sound).short_fingerprint
    assert registry.find_by_fingerprint(short).path == sound
    assert tfcomp.decompress(data).shape == (8, 8, 3)


def test_a_folder_that_may_not_be_looked_into_is_skipped(folder, monkeypatch):
    data = tfcomp.load(folder / "z-sound").compress(photo(8, 8))
    (folder / "a").mkdir()
    stat = os.stat

    def refusing(path, **options):  # root may look everywhere
        if str(folder / "a") in str(path):
            raise PermissionError(13, "Permission denied")
        return stat(path, **options)

    monkeypatch.setattr(os, "stat", refusing)
    assert tfcomp.decompress(data).shape == (8, 8, 3)


def test_a_model_that_is_not_installed_is_said_with_the_command_that_installs(folder, tmp_path):
    other = write_bundle(tmp_path / "other", name="other", spread=4.0)
    data = tfcomp.load(other).compress(photo(8, 8))
    with pytest.raises(UnknownBundleError, match="tfcomp install FOLDER"):
        tfcomp.decompress(data)
    with pytest.raises(UnknownBundleError, match="tfcomp install FOLDER"):
        tfcomp.load("nothing")


def test_a_gain_of_ten_to_the_four_hundredth_is_said(folder):
    huge_number(folder, folder / "z-sound")
    with pytest.raises(BundleError, match="a number of 401 digits"):
        tfcomp.load(folder / "a")


def test_hidden_folders_are_no_models(folder):
    os.rename(folder / "z-sound", folder / ".half-written")
    assert "tiny" not in tfcomp.list_models()


def test_a_bundle_that_is_loaded_by_name_or_by_file_is_read_once(folder, monkeypatch):
    data = tfcomp.load(folder / "z-sound").compress(photo(8, 8))
    reads = []
    plain = registry.Bundle.read

    def counted(path, sealed=False):
        reads.append(path)
        return plain(path, sealed)

    monkeypatch.setattr(registry.Bundle, "read", counted)
    for look_up in (
        lambda: registry.find_by_name("tiny"),
        lambda: registry.find_by_fingerprint(data[4:8]),
    ):
        monkeypatch.setattr(registry, "_seen", {})
        reads.clear()
        look_up().read()
        assert reads == [folder / "z-sound"]
