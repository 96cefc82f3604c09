"""Whatever stands in a bundle's place, BundleError comes out and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tfcomp
from tests.bundle_factory import photo, write_bundle, write_manifest
from tests.child import python
from tests.damage import mutants
from tests.shipped import folder_of
from tfcomp.bitstream.container import pack, parse
from tfcomp.bitstream.tables import CdfTables, load_tables, save_tables
from tfcomp.errors import BundleError
from tfcomp.runtime.bundle import Bundle, fingerprint_of, read_manifest

METHODS = {
    "stored": zipfile.ZIP_STORED,
    "deflated": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}
SHIPPED = ["binary", "cycle", "cycle-factorized"]  # one of each kind of entropy coder


def refused(read, path) -> str:
    """What BundleError says in a line; "" where it is read after all."""
    try:
        read(path)
    except BundleError as error:
        assert "\n" not in str(error) and len(str(error)) < 1000
        return str(error)
    return ""


def small_zip(folder: Path, target: Path, method: int) -> bytes:
    with zipfile.ZipFile(target, "w", method) as archive:
        for name in ("manifest.json", "encoder.tflite", "decoder.tflite", "tables.npz"):
            archive.write(folder / name, name)
    return target.read_bytes()


@pytest.mark.parametrize("method", METHODS)
def test_only_bundle_error_comes_out_of_mutated_zips(bundle_folder, tmp_path, method):
    path = tmp_path / "b.zip"
    sound = small_zip(bundle_folder, path, METHODS[method])
    assert Bundle.read(path).manifest.name == "tiny"
    directory = sound.index(b"PK\x01\x02")
    random = np.random.default_rng(1)
    found = []
    for number, mutant in enumerate(mutants([sound], 150, random)):
        if number % 2:  # its directory alone, where most of a zip's fields are
            mutant = sound[:directory] + next(mutants([sound[directory:]], 1, random))
        path.write_bytes(mutant)
        found.append(refused(Bundle.read, path))
        refused(read_manifest, path)
    assert sum(map(bool, found)) > 100


@pytest.mark.parametrize("name", SHIPPED)
def test_only_bundle_error_comes_out_of_mutated_manifests(name, tmp_path):
    original = (folder_of(name) / "manifest.json").read_bytes()
    shutil.copytree(folder_of(name), tmp_path / "b")
    (tmp_path / "b" / "SHA256SUMS").unlink()
    for mutant in mutants([original], 250, np.random.default_rng(3)):
        (tmp_path / "b" / "manifest.json").write_bytes(mutant)
        refused(read_manifest, tmp_path / "b")


def odd_values() -> list:
    deep: list = []
    for _ in range(900):
        deep = [deep]
    nested: dict = {}
    for _ in range(900):
        nested = {"kind": nested}
    numbers = [0, -1, 10**30, 10**400, 0.5, 1e308, -1e308, float("inf"), float("nan"), True]
    texts = ["", "x" * 10_000, "\ud800", "a\nb", "\0", "9" * 5000, "../..", "1 " * 5000]
    return [None, *numbers, *texts, [], {}, [[]], [None], [10**400], [{}], deep, nested]


@pytest.mark.parametrize("name", SHIPPED)
def test_only_bundle_error_comes_out_of_manifests_with_odd_values(name, tmp_path):
    folder = folder_of(name)
    manifest = json.loads((folder / "manifest.json").read_text())
    shutil.copytree(folder, tmp_path / "b")
    (tmp_path / "b" / "SHA256SUMS").unlink()
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)  # as this test writes longer ones
    try:
        for holder in (manifest, manifest["entropy"]):
            for key, kept in list(holder.items()):
                values = [*odd_values(), [kept, kept]]
                if isinstance(kept, list):
                    values += [[each, *kept[1:]] for each in odd_values()]
                for value in values:
                    holder[key] = value
                    (tmp_path / "b" / "manifest.json").write_text(json.dumps(manifest))
                    if not refused(read_manifest, tmp_path / "b"):
                        refused(Bundle.read, tmp_path / "b")
                holder[key] = kept
    finally:
        if hasattr(sys, "set_int_max_str_digits"):
            sys.set_int_max_str_digits(4300)


def test_a_manifest_of_more_than_a_mebibyte_is_refused_in_folders_and_zips(bundle_folder, tmp_path):
    folder = tmp_path / "b"
    shutil.copytree(bundle_folder, folder)
    write_manifest(folder, later="x" * 2**20)
    archive = tmp_path / "b.zip"
    small_zip(folder, archive, zipfile.ZIP_DEFLATED)
    assert "manifest.json is larger than 1048576 bytes" in refused(Bundle.read, folder)
    assert "manifest.json is larger than 1048576 bytes" in refused(read_manifest, archive)


def test_a_zip_that_unpacks_to_more_than_it_says_is_refused(bundle_folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b" " * 2**26)
    data = (tmp_path / "b.zip").read_bytes()
    true, false = (2**26).to_bytes(4, "little"), (1000).to_bytes(4, "little")
    (tmp_path / "b.zip").write_bytes(data.replace(true, false))
    assert refused(read_manifest, tmp_path / "b.zip")


def test_a_small_zip_that_unpacks_to_very_much_is_refused_unread(bundle_folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(bundle_folder / "manifest.json", "manifest.json")
        archive.writestr("encoder.tflite", bytes(2**25))
    tracemalloc.start()
    assert "unpacks to far more" in refused(Bundle.read, tmp_path / "b.zip")
    assert tracemalloc.get_traced_memory()[1] < 2**23
    tracemalloc.stop()


def test_a_zip_of_very_many_files_is_refused_unread(tmp_path):
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        for number in range(30_000):
            archive.writestr(f"{number}", b"")
    assert "too many files" in refused(read_manifest, tmp_path / "b.zip")


@pytest.mark.parametrize(
    "name", ["manifest.json", "encoder.tflite", "decoder.tflite", "tables.npz", "SHA256SUMS"]
)
def test_a_pipe_or_a_device_in_the_place_of_a_file_is_refused_at_once(
    bundle_folder, tmp_path, name
):
    for make in (os.mkfifo, lambda path: os.symlink("/dev/zero", path), os.mkdir):
        folder = tmp_path / make.__name__
        shutil.copytree(bundle_folder, folder)
        (folder / name).unlink(missing_ok=True)
        make(folder / name)
        assert name in refused(Bundle.read, folder)


def test_a_pipe_in_the_place_of_a_bundle_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "b.zip")
    assert "regular file" in refused(Bundle.read, tmp_path / "b.zip")
    assert "regular file" in refused(tfcomp.load, tmp_path / "b.zip")


def test_a_full_temporary_folder_does_not_matter(bundle_folder, tmp_path):
    """Nothing of a bundle or a file is written to a temporary folder."""
    script = (
        "import sys, tempfile, numpy, tfcomp\n"
        "tempfile.tempdir = sys.executable  # whatever is made in there fails\n"
        "codec = tfcomp.load(sys.argv[1])\n"
        "data = codec.compress(numpy.zeros((9, 7, 3), numpy.uint8))\n"
        "assert codec.decompress(data).shape == (9, 7, 3)\n"
    )
    child = python(script, bundle_folder)
    assert child.returncode == 0, child.stderr


def test_networks_that_do_not_fit_the_manifest_are_bundle_errors(tmp_path):
    """Each of these bundles has a fingerprint of its own that is right."""
    image = photo(64, 64)
    for number, change in enumerate(("swapped", "stride", "channels")):
        folder = write_bundle(tmp_path / str(number))
        if change == "swapped":
            (folder / "decoder.tflite").write_bytes((folder / "encoder.tflite").read_bytes())
            write_manifest(folder)
        elif change == "stride":
            write_manifest(folder, stride=8)
        else:
            write_manifest(folder, channels=24, qualities=4)
        with pytest.raises(BundleError):
            codec = tfcomp.load(folder)
            codec.decompress(codec.compress(image))


def test_too_few_tables_for_what_the_networks_choose_is_a_bundle_error(tmp_path):
    folder = tmp_path / "few"
    shutil.copytree(folder_of("cycle-small"), folder)
    (folder / "SHA256SUMS").unlink()
    tables = load_tables(folder / "tables.npz")
    latents, kept = tables["latents"], 5
    tables["latents"] = CdfTables(
        latents.cdf[: latents.starts[kept]],
        latents.cdf_offset[:kept],
        latents.quantization_offset[:kept],
    )
    save_tables(folder / "tables.npz", tables)
    manifest = json.loads((folder / "manifest.json").read_text())
    decoding = ("decoder.tflite", "tables.npz", "entropy.tflite")
    parts = [(folder / name).read_bytes() for name in decoding]
    manifest["fingerprint"] = fingerprint_of(parts, manifest["entropy"])
    (folder / "manifest.json").write_text(json.dumps(manifest))
    image = photo(64, 64)
    file = parse(
        tfcomp.load("cycle-small").compress(image, quality=8), lambda _: read_manifest(folder)
    )
    codec = tfcomp.load(folder)
    short = codec.bundle.manifest.short_fingerprint
    for use in (
        lambda: codec.compress(image, quality=8),
        lambda: codec.decompress(pack(replace(file, fingerprint=short))),
    ):
        with pytest.raises(BundleError, match=r"tables that tables\.npz lacks"):
            use()
