"""Bundles that other Python packages bring along are found."""

import pytest

import tfcomp
from tests.bundle_factory import photo, write_bundle
from tfcomp.errors import UnknownBundleError
from tfcomp.export.checksums import write_checksums
from tfcomp.runtime import model_packages, registry


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A function: a name for an installed package with the bundle "tiny" -> its folder."""

    def install(module: str):
        folder = tmp_path / "site" / module
        write_checksums(write_bundle(folder / "tiny"))
        (folder / "__init__.py").write_text("raise RuntimeError('imported')\n")
        installed = tmp_path / "site" / f"{module}-1.0.dist-info"
        installed.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n"
        (installed / "METADATA").write_text(metadata)
        (installed / "entry_points.txt").write_text(f"[tfcomp.models]\n{module} = {module}\n")
        monkeypatch.syspath_prepend(tmp_path / "site")
        model_packages.package_folders.cache_clear()
        return folder

    yield install
    monkeypatch.undo()
    model_packages.package_folders.cache_clear()


def test_a_packages_bundle_is_named_listed_and_decodes_without_being_imported(package):
    folder = package("models_of_mine")
    assert "tiny" in tfcomp.list_models()
    data = tfcomp.load("tiny").compress(photo(40, 56))
    assert tfcomp.decompress(data).shape == (40, 56, 3)
    assert registry.find_by_name("tiny").path == folder / "tiny"


def test_a_bundle_there_must_be_sealed(package):
    folder = package("models_of_mine")
    (folder / "tiny" / "SHA256SUMS").unlink()
    assert "tiny" not in tfcomp.list_models()


def test_a_package_that_is_not_there_is_said_once_and_skipped(package, tmp_path, caplog):
    folder = package("models_of_mine")
    folder.rename(tmp_path / "gone")
    assert "tiny" not in tfcomp.list_models() and "tiny" not in tfcomp.list_models()
    assert [record.getMessage() for record in caplog.records] == [
        "no package models_of_mine, whose models are installed"
    ]


def test_a_model_that_is_not_here_says_where_more_are():
    with pytest.raises(UnknownBundleError, match="pip install tfcomp-more-models"):
        tfcomp.load("no-such-model")
    with pytest.raises(UnknownBundleError, match="tfcomp-more-models, if the model came with"):
        registry.find_by_fingerprint(b"\1\2\3\4")
