"""The C library builds without Python, agrees with it to the byte, and decodes a stored file."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import needs
from tests.c.building import build, run
from tests.conftest import ROOT
from tests.shipped import GOLDEN, folder_of
from tests.spec import readers_table
from tests.spec.vector_file import FOLDER, checks_of
from tfcomp.bitstream.container import Container, pack, parse
from tfcomp.entropy_kinds.hyperprior.layout import SECTION_NAMES
from tfcomp.runtime.bundle import read_manifest

# Files of vectors; the golden files are read by the example below.
READ = [name for name, does in readers_table.table()["C"].items() if does and name != "golden"]
FILES = [tuple(check.lines["case"].split("/")) for check in checks_of("golden")]
HYPERPRIOR = "cycle"
WITHOUT_NETWORKS = [case for case in FILES if read_manifest(folder_of(case[0])).layout is None]

pytestmark = pytest.mark.skipif(
    not shutil.which("cmake") or not (shutil.which("cc") or shutil.which("gcc")),
    reason=needs.CMAKE,
)


def test_the_library_passes_its_own_tests_under_the_sanitizers(sanitized):
    done = run("ctest", "--test-dir", sanitized, "--output-on-failure")
    assert done.returncode == 0, done.stdout
    assert "100% tests passed" in done.stdout and "out of 19" in done.stdout


@pytest.mark.parametrize("name", READ)
def test_the_library_reads_the_test_vectors(sanitized, name):
    done = run(sanitized / "test_vectors", FOLDER, name)
    assert done.returncode == 0, done.stderr
    made = dict(zip(("read", "write", "refuse"), map(int, re.findall(r" (\d+) ", done.stdout))))
    assert made == readers_table.expected_counts("C", name)


def _golden_latents(program: Path, tmp_path: Path, bundle: str, name: str) -> None:
    """Decodes a golden file to its latents, and compares them with what is recorded."""
    file = GOLDEN / bundle / f"{name}.tfcomp"
    done = run(program, folder_of(bundle), file, tmp_path / "out.latents")
    assert done.returncode == 0, done.stderr
    golden = json.loads((GOLDEN / bundle / "golden.json").read_text(encoding="utf-8"))
    (expected,) = [entry for entry in golden["files"] if entry["file"] == file.name]
    found = np.frombuffer((tmp_path / "out.latents").read_bytes(), np.int32)
    assert found.size == np.prod(expected["latents_shape"])
    digest = hashlib.sha256(found.astype("<i4").tobytes()).hexdigest()
    assert digest == expected["latents_sha256"]


@pytest.mark.parametrize(("bundle", "name"), WITHOUT_NETWORKS)
def test_the_example_without_litert_decodes_to_the_golden_latents(
    sanitized, tmp_path, bundle, name
):
    _golden_latents(sanitized / "decode", tmp_path, bundle, name)


def _one_line(done: subprocess.CompletedProcess, litert: bool = False) -> str:
    """What the example said as it refused; LiteRT may have said something before."""
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert [line.startswith("decode: ") for line in lines].count(True) == 1
    assert len(lines) == 1 or litert
    return next(line for line in lines if line.startswith("decode: "))


@pytest.mark.parametrize("bundle", ["cycle-factorized", "vaegan-faces", "binary", HYPERPRIOR])
@pytest.mark.parametrize("damage", ["a changed byte", "half of it", "another bundle's", "nothing"])
def test_the_example_refuses_a_file_it_cannot_decode_in_one_line(
    sanitized, tmp_path, bundle, damage
):
    data = bytearray(next((GOLDEN / bundle).glob("*.tfcomp")).read_bytes())
    if damage == "a changed byte":
        data[40] ^= 4
    elif damage == "half of it":
        del data[len(data) // 2 :]
    elif damage == "nothing":
        data = bytearray()
    else:
        other = "cycle-factorized" if bundle == HYPERPRIOR else HYPERPRIOR
        data = bytearray((GOLDEN / other / "chelsea-quality-4.tfcomp").read_bytes())
    (tmp_path / "bad.tfcomp").write_bytes(data)
    done = run(sanitized / "decode", folder_of(bundle), tmp_path / "bad.tfcomp", tmp_path / "out")
    reason = _one_line(done)
    assert ("another bundle wrote it" in reason) == (damage == "another bundle's")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("bundle", ["cycle-factorized", "binary", HYPERPRIOR])
def test_the_example_refuses_a_few_bytes_that_claim_megapixels(sanitized, tmp_path, bundle):
    manifest = read_manifest(folder_of(bundle))
    sections = (b"\0\0",) * manifest.section_count
    for width, height in ((9459, 9459), (8, 11_184_800)):
        held = Container(manifest.short_fingerprint, manifest.qualities, width, height, sections)
        (tmp_path / "bomb.tfcomp").write_bytes(pack(held))
        start = time.monotonic()
        done = run(sanitized / "decode", folder_of(bundle), tmp_path / "bomb.tfcomp", tmp_path)
        assert "larger" in _one_line(done) and time.monotonic() - start < 5


def test_the_example_without_litert_says_that_a_hyperprior_needs_it(sanitized, tmp_path):
    file = GOLDEN / HYPERPRIOR / "chelsea-quality-4.tfcomp"
    done = run(sanitized / "decode", folder_of(HYPERPRIOR), file, tmp_path / "out")
    assert "need LiteRT" in _one_line(done)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("bundle", "name"), FILES)
def test_the_example_decodes_to_the_golden_latents_with_litert(with_litert, tmp_path, bundle, name):
    _golden_latents(with_litert / "decode", tmp_path, bundle, name)


@pytest.mark.parametrize(("bundle", "name"), FILES)
def test_the_example_decodes_to_the_golden_pixels_with_litert(with_litert, tmp_path, bundle, name):
    file = GOLDEN / bundle / f"{name}.tfcomp"
    done = run(with_litert / "decode", folder_of(bundle), file, tmp_path / "out.ppm")
    assert done.returncode == 0, done.stderr
    found = np.asarray(Image.open(tmp_path / "out.ppm"), np.int16)
    golden = np.asarray(Image.open(GOLDEN / bundle / f"{name}.png"), np.int16)
    assert found.shape == golden.shape
    assert np.abs(found - golden).max() <= 1


@pytest.mark.parametrize("section", ["hyper_latents", "latents"])
def test_the_example_refuses_damaged_sections_under_a_sound_crc(with_litert, tmp_path, section):
    manifest = read_manifest(folder_of(HYPERPRIOR))
    held = parse(
        (GOLDEN / HYPERPRIOR / "chelsea-quality-4.tfcomp").read_bytes(), lambda _: manifest
    )
    number = SECTION_NAMES.index(section)
    sections = list(held.sections)
    sections[number] = sections[number][:-1]
    (tmp_path / "bad.tfcomp").write_bytes(pack(replace(held, sections=tuple(sections))))
    done = run(
        with_litert / "decode", folder_of(HYPERPRIOR), tmp_path / "bad.tfcomp", tmp_path / "out"
    )
    assert "bad.tfcomp: the file is damaged" in _one_line(done, litert=True)
    assert not (tmp_path / "out").exists()


def test_the_example_refuses_a_bundle_without_its_entropy_networks(with_litert, tmp_path):
    bundle = tmp_path / "bundle"
    shutil.copytree(folder_of(HYPERPRIOR), bundle, ignore=lambda *_: ["entropy.tflite"])
    file = GOLDEN / HYPERPRIOR / "chelsea-quality-4.tfcomp"
    done = run(with_litert / "decode", bundle, file, tmp_path / "out")
    assert "entropy.tflite" in _one_line(done, litert=True)


def test_an_installed_library_is_found_by_another_project(tmp_path):
    made = build(
        tmp_path / "build", "-DTFCOMP_TESTS=OFF", "-DTFCOMP_EXAMPLES=OFF",
        "-DBUILD_SHARED_LIBS=ON", f"-DCMAKE_INSTALL_PREFIX={tmp_path / 'prefix'}",
    )
    assert run("cmake", "--install", made).returncode == 0
    user = tmp_path / "user"
    user.mkdir()
    (user / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16)\nproject(user C)\nfind_package(tfcomp REQUIRED)\n"
        "add_executable(user user.c)\ntarget_link_libraries(user tfcomp::tfcomp)\n"
    )
    (user / "user.c").write_text(
        "#include <stdio.h>\n#include <tfcomp/decoder.h>\n"
        "int main(void) { tfcomp_decoder_destroy(NULL);\n"
        "  return tfcomp_version() == TFCOMP_VERSION ? puts(tfcomp_status_text(TFCOMP_OK)) < 0 : 1;"
        " }\n"
    )
    for command in (
        ("cmake", "-S", user, "-B", user / "b", f"-DCMAKE_PREFIX_PATH={tmp_path / 'prefix'}"),
        ("cmake", "--build", user / "b"),
    ):
        done = run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    assert run(user / "b" / "user").stdout == "fine\n"
    major = tmp_path.glob("prefix/**/libtfcomp.so.1")
    assert [path.resolve().name for path in major] == ["libtfcomp.so.1.2.0"]


def test_a_result_that_is_not_looked_at_is_a_warning(tmp_path):
    (tmp_path / "careless.c").write_text(
        "#include <tfcomp/decoder.h>\n"
        "void careless(const tfcomp_decoder *decoder, tfcomp_image **image)\n"
        "{ tfcomp_decode_file(decoder, 0, 0, image); }\n"
    )
    compiler = shutil.which("cc") or shutil.which("gcc")
    done = run(compiler, "-c", "-I", ROOT / "c" / "include", "-o", os.devnull,
               tmp_path / "careless.c")  # fmt: skip
    assert "tfcomp_decode_file" in done.stderr and "unused" in done.stderr


def test_every_function_of_the_headers_that_says_how_it_went_must_be_looked_at():
    headers = sorted((ROOT / "c" / "include" / "tfcomp").glob("*.h"))
    assert len(headers) > 6
    for header in headers:
        for line in header.read_text(encoding="ascii").splitlines():
            assert not line.startswith("tfcomp_status tfcomp_"), (header.name, line)
