"""SHA256SUMS speaks for every file of a bundle, and is checked whenever one is read."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest

import tfcomp
from tests import needs
from tests.bundle_factory import photo, write_bundle
from tests.damage import mutants
from tests.shipped import folder_of, folders
from tfcomp.errors import BundleError
from tfcomp.export import checksums as command
from tfcomp.runtime import checksums
from tfcomp.runtime.bundle import Bundle

SHIPPED = folders()


@pytest.fixture
def sealed(tmp_path) -> Path:
    """A bundle of one's own with SHA256SUMS."""
    folder = write_bundle(tmp_path / "sealed")
    (folder / "README.md").write_text("A card.\n")
    command.write_checksums(folder)
    return folder


@pytest.fixture
def shipped(tmp_path) -> Path:
    """A copy of the shipped bundle that has every kind of file."""
    return Path(shutil.copytree(folder_of("cycle"), tmp_path / "cycle"))


def zipped(folder: Path) -> Path:
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"{folder.name}/{file.name}")
    return folder.with_suffix(".zip")


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_the_shipped_bundles_are_what_their_checksums_say(folder):
    """If a card or a manifest was changed: python -m tfcomp.export.checksums BUNDLE"""
    digest, listed = checksums.parse((folder / "SHA256SUMS").read_bytes())
    assert set(listed) == {path.name for path in folder.iterdir()} - {"SHA256SUMS"}
    assert Bundle.read(folder, sealed=True).digest == digest


def test_another_tool_checks_them_too(sealed):
    tool = shutil.which("sha256sum")
    if tool is None:
        pytest.skip(needs.without("there is no sha256sum", "apt-get install coreutils"))
    check = [tool, "--check", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(check, cwd=sealed, check=False).returncode == 0
    (sealed / "README.md").write_text("Another card.\n")
    assert subprocess.run(check, cwd=sealed, check=False, capture_output=True).returncode == 1


@pytest.mark.parametrize("form", [lambda folder: folder, zipped], ids=["folder", "zip"])
@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "manifest.json",
        "encoder.tflite",
        "decoder.tflite",
        "entropy.tflite",
        "gradient.tflite",
        "tables.npz",
        "SHA256SUMS",
    ],
)
def test_a_change_to_any_file_of_a_shipped_bundle_is_refused(shipped, name, form):
    content = bytearray((shipped / name).read_bytes())
    content[len(content) // 3] ^= 1
    (shipped / name).write_bytes(content)
    with pytest.raises(BundleError, match=r"SHA256SUMS|fingerprint|not JSON") as refusal:
        tfcomp.load(form(shipped))
    assert "\n" not in str(refusal.value)
    with pytest.raises(BundleError):
        tfcomp.load(form(shipped))


@pytest.mark.parametrize("name", ["encoder.tflite", "gradient.tflite"])
def test_a_mutated_network_never_reaches_the_interpreter(shipped, name):
    """A TFLite file that its schema allows can still end the process that runs it."""
    original = (shipped / name).read_bytes()
    for mutant in mutants([original], 40, np.random.default_rng(7)):
        (shipped / name).write_bytes(mutant)
        if mutant != original:
            with pytest.raises(BundleError, match=f"{name} is not what SHA256SUMS says"):
                tfcomp.load(shipped)


@pytest.mark.parametrize("name", ["README.md", "encoder.tflite", "manifest.json"])
def test_a_listed_file_that_is_missing_is_named(sealed, name):
    (sealed / name).unlink()
    with pytest.raises(BundleError, match=name):
        Bundle.read(sealed)


def test_a_file_that_would_be_read_and_is_not_listed_is_refused(sealed):
    lines = (sealed / "SHA256SUMS").read_text().splitlines(keepends=True)
    (sealed / "SHA256SUMS").write_text("".join(line for line in lines if "encoder" not in line))
    with pytest.raises(BundleError, match="does not list encoder.tflite"):
        Bundle.read(sealed)


def test_a_listing_without_its_last_file_is_refused(sealed):
    lines = (sealed / "SHA256SUMS").read_text().splitlines(keepends=True)
    (sealed / "SHA256SUMS").write_text("".join(line for line in lines if "README" not in line))
    with pytest.raises(BundleError, match="SHA256SUMS is damaged"):
        Bundle.read(sealed)


def test_what_is_no_part_of_the_bundle_may_lie_beside_it(sealed):
    (sealed / "1").mkdir()
    (sealed / ".DS_Store").write_bytes(b"x")
    (sealed / "gradient.tflite").write_bytes(b"of a model that has none")
    assert Bundle.read(sealed).digest


@pytest.mark.parametrize(
    "line", ["../secret", "/etc/passwd", "a/b", "..", ".hidden", "c:\\x", "", "x\0y", "é"]
)
def test_only_names_of_files_in_the_folder_can_be_listed(sealed, line):
    with open(sealed / "SHA256SUMS", "ab") as file:
        file.write(b"0" * 64 + b"  " + line.encode() + b"\n")
    with pytest.raises(BundleError, match="SHA256SUMS is damaged"):
        Bundle.read(sealed)


def test_a_bundle_of_before_has_none_and_is_still_read_from_a_path(bundle_folder, sealed):
    assert Bundle.read(bundle_folder).digest is None
    with pytest.raises(BundleError, match="no SHA256SUMS"):
        Bundle.read(bundle_folder, sealed=True)
    image = photo(8, 8)
    assert tfcomp.load(bundle_folder).compress(image) == tfcomp.load(sealed).compress(image)


def test_the_digest_tells_names_lengths_and_contents_apart():
    files = [
        {"a": b"12", "b": b"3"},
        {"a": b"1", "b": b"23"},
        {"b": b"12", "a": b"3"},
        {"a": b"12", "b": b"3", "c": b""},
        {"ab": b"12", "": b"3"},
    ]
    assert len({checksums.digest_of(each) for each in files}) == len(files)
    assert checksums.digest_of({"b": b"3", "a": b"12"}) == checksums.digest_of(files[0])


def test_the_command_renews_the_checksums_of_a_changed_card(sealed, capsys):
    (sealed / "README.md").write_text("Another card.\n")
    with pytest.raises(BundleError):
        Bundle.read(sealed)
    assert command.main([str(sealed)]) == 0
    assert capsys.readouterr().out == f"{Bundle.read(sealed).digest}  {sealed}\n"
    assert command.main([str(sealed.parent)]) == 2
    assert "is not a bundle folder" in capsys.readouterr().err


def test_only_bundle_error_comes_out_of_mutated_checksums(sealed):
    original = (sealed / "SHA256SUMS").read_bytes()
    for mutant in mutants([original], 300, np.random.default_rng(2)):
        (sealed / "SHA256SUMS").write_bytes(mutant)
        try:
            bundle = Bundle.read(sealed)
        except BundleError as error:
            assert "\n" not in str(error)
        else:
            assert bundle.digest in mutant.decode()
