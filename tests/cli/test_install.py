"""A model of one's own is installed once, and its files then decode by themselves."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

import tfcomp
from tests.bundle_factory import photo, write_bundle
from tfcomp.cli import main
from tfcomp.export.checksums import write_checksums
from tfcomp.runtime import installing, registry
from tfcomp.runtime.bundle import Bundle, read_manifest
from tfcomp.runtime.models_folder import models_folder


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    """A user who has installed nothing."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("TFCOMP_BUNDLES", raising=False)
    folder = models_folder()
    assert str(folder).startswith(str(tmp_path)) or os.name != "posix"
    return folder


@pytest.fixture
def mine(tmp_path) -> Path:
    return write_bundle(tmp_path / "exports" / "first", name="mine")


def one_line(capsys) -> str:
    """What the command complained of."""
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    return err


def zipped(folder: Path) -> Path:
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.iterdir():
            archive.write(file, f"{folder.name}/{file.name}")
    return folder.with_suffix(".zip")


@pytest.mark.parametrize("form", [lambda folder: folder, zipped], ids=["folder", "zip"])
@pytest.mark.parametrize("sums", [True, False], ids=["with checksums", "of before"])
def test_an_installed_model_answers_to_its_name_and_its_files_decode(
    mine, home, tmp_path, capsys, form, sums
):
    (mine / "README.md").write_text("A card.\n")
    if sums:
        write_checksums(mine)
    data = tfcomp.load(mine).compress(photo(8, 8))
    (tmp_path / "x.tfcomp").write_bytes(data)
    assert main(["decompress", str(tmp_path / "x.tfcomp")]) == 2
    assert "tfcomp install" in one_line(capsys)

    assert main(["install", str(form(mine)), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["path"] == str(home / "mine")
    assert record["digest"] == Bundle.read(home / "mine", sealed=True).digest
    assert (home / "mine" / "README.md").read_text() == "A card.\n"
    shutil.rmtree(mine)
    assert tfcomp.decompress(data).shape == (8, 8, 3)
    assert "mine" in tfcomp.list_models()
    assert tfcomp.load("mine").compress(photo(8, 8)) == data
    assert main(["decompress", str(tmp_path / "x.tfcomp")]) == 0


def test_a_model_that_is_installed_is_replaced_only_with_force(mine, home, tmp_path, capsys):
    assert main(["install", str(mine)]) == 0
    before = tfcomp.load("mine").compress(photo(8, 8))
    newer = write_bundle(tmp_path / "newer", name="mine", spread=3.0)
    capsys.readouterr()
    assert main(["install", str(newer)]) == 2
    assert "--force" in one_line(capsys)
    assert tfcomp.load("mine").compress(photo(8, 8)) == before

    assert main(["install", str(newer), "--force"]) == 0
    after = tfcomp.load("mine").compress(photo(8, 8))
    assert after != before
    for data in (before, after):  # nobody's files are lost
        np.testing.assert_array_equal(tfcomp.decompress(data), tfcomp.decompress(after))
    for _ in range(2):
        assert main(["install", str(newer), "--force"]) == 0
    assert len(list(home.iterdir())) == 2


def test_a_name_of_the_packages_own_is_taken_only_with_force(tmp_path, monkeypatch, capsys):
    other = write_bundle(tmp_path / "other", name="cycle")
    monkeypatch.setenv("TFCOMP_BUNDLES", str(other))
    assert main(["install", str(other)]) == 2
    assert "comes with a model 'cycle'" in one_line(capsys)
    assert main(["install", str(other), "--force"]) == 0
    assert tfcomp.load("cycle").bundle.manifest.family == "blocks"


def test_a_named_folder_goes_before_an_installed_model(mine, tmp_path, monkeypatch):
    installing.install(mine)
    other = write_bundle(tmp_path / "other", name="mine", spread=3.0)
    monkeypatch.setenv("TFCOMP_BUNDLES", str(other))
    assert tfcomp.load("mine").bundle.source == str(other)


@pytest.mark.parametrize("name", ["../mine", "a/b", ".hidden", "a b", "..", "-x", "x" * 101])
def test_a_name_that_is_no_folders_name_is_refused(tmp_path, home, capsys, name):
    other = write_bundle(tmp_path / "other", name=name)
    assert main(["install", str(other)]) == 2
    assert "named with letters" in one_line(capsys)
    assert not home.exists()


def test_what_is_no_sound_bundle_is_refused_and_nothing_is_left(mine, home, capsys):
    (mine / "decoder.tflite").write_bytes(b"x")
    for source in (mine, mine.parent, mine / "nothing", mine / "manifest.json"):
        assert main(["install", str(source)]) == 2
        assert str(source) in one_line(capsys)
    assert not home.exists()


def test_an_installation_that_fails_half_way_leaves_what_there_was(mine, home, monkeypatch, capsys):
    installing.install(mine)
    data = tfcomp.load("mine").compress(photo(8, 8))
    capsys.readouterr()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert main(["install", str(mine), "--force"]) == 2
    assert "No space left" in one_line(capsys)
    assert [path.name for path in home.iterdir()] == ["mine"]
    assert tfcomp.decompress(data).shape == (8, 8, 3)


def test_an_installed_bundle_that_was_changed_is_not_used(mine, home):
    installing.install(mine)
    data = tfcomp.load("mine").compress(photo(8, 8))
    with open(home / "mine" / "encoder.tflite", "ab") as file:
        file.write(b"more")
    for use in (lambda: tfcomp.load("mine"), lambda: tfcomp.decompress(data)):
        with pytest.raises(tfcomp.CodecError, match="encoder.tflite is not what SHA256SUMS says"):
            use()
    os.unlink(home / "mine" / "SHA256SUMS")
    with pytest.raises(tfcomp.CodecError, match="no SHA256SUMS"):
        tfcomp.load("mine")


def test_an_installed_model_can_be_removed(mine, home, tmp_path, capsys):
    installing.install(mine)
    installing.install(write_bundle(tmp_path / "newer", name="mine", spread=3.0), force=True)
    assert main(["install", "--remove", "mine"]) == 0
    assert not list(home.iterdir())
    capsys.readouterr()
    for name in ("mine", "cycle", "../models", ""):
        assert main(["install", "--remove", name]) == 2
        one_line(capsys)
    assert registry.find_by_name("cycle").manifest.name == "cycle"


def test_one_of_bundle_and_remove_is_needed(mine, capsys):
    for arguments in ([], [str(mine), "--remove", "mine"]):
        assert main(["install", *arguments]) == 2
        assert "--remove NAME" in one_line(capsys)


def test_the_export_command_writes_what_can_be_installed(tiny_bundle, home):
    name = read_manifest(tiny_bundle).name
    assert Bundle.read(tiny_bundle, sealed=True).digest
    assert (tiny_bundle / "1").is_dir()  # the SavedModel, which is no part of the bundle
    installed = installing.install(tiny_bundle)
    assert installed.path == home / name
    assert not (installed.path / "1").exists()
