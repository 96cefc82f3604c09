"""On files that nobody wrote all readers give one verdict, and read the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import time

import numpy as np
import pytest

from tests import needs
from tests.c.building import build, run
from tests.shipped import folder_of
from tests.spec import mutated_pictures, picture_vectors
from tests.spec.reader import Refused
from tests.spec.refusals import kind_of
from tests.spec.test_javascript_reads_the_vectors import PROGRAM
from tests.spec.vector_file import checks_of

EACH = 60  # of the 14 cases
BUNDLE = folder_of("binary")
needs_c = pytest.mark.skipif(
    not shutil.which("cmake") or not shutil.which("cc"), reason=needs.CMAKE
)
needs_node = pytest.mark.skipif(not shutil.which("node"), reason=needs.NODE)


@pytest.fixture(scope="module")
def mutated(tmp_path_factory):
    """A folder of mutated files, how many of them are read, and how many are refused."""
    folder = tmp_path_factory.mktemp("mutated")
    read, refused = mutated_pictures.write(folder, EACH)
    assert read > 50 and refused > 300
    return folder, read, refused


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The C library's programs, which stop at the first read out of bounds."""
    return build(tmp_path_factory.mktemp("c"), "-DTFCOMP_SANITIZE=ON")


@needs_c
def test_c_and_python_agree(mutated, programs):
    folder, read, refused = mutated
    done = run(programs / "test_vectors", folder, "pictures")
    assert done.returncode == 0, done.stderr[-4000:]
    assert f"{read} read, 0 written, {refused} refused" in done.stdout


@needs_node
def test_javascript_and_python_agree(mutated):
    folder, read, refused = mutated
    command = ["node", str(PROGRAM), str(folder / "pictures.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    report = json.loads(done.stdout)
    assert not report["failures"], "\n".join(report["failures"])
    assert report["made"] == {"read": read, "write": 0, "refuse": refused}


@pytest.mark.parametrize("kind", sorted(picture_vectors.large_odd_files()))
@pytest.mark.parametrize(
    "language", [pytest.param("c", marks=needs_c), pytest.param("js", marks=needs_node)]
)
def test_files_too_large_for_vectors_are_refused_in_seconds(request, tmp_path, language, kind):
    path = tmp_path / "large.tfcomp"
    path.write_bytes(picture_vectors.large_odd_files()[kind])
    start = time.monotonic()
    if language == "c":
        program = request.getfixturevalue("programs") / "decode"
        done = run(program, BUNDLE, path, tmp_path / "out.latents")
        assert done.returncode == 2 and "damaged" in done.stderr
    else:
        done = run("node", PROGRAM.parent / "decode_files.mjs", BUNDLE, path)
        assert kind_of(json.loads(done.stdout)["message"]) == kind
    assert time.monotonic() - start < 30


def test_stock_tensorflow_operations_and_python_agree(tmp_path):
    pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)
    from tests.spec import graph_reader

    mutated_pictures.write(tmp_path, 12, seed=1)
    for check in checks_of("pictures", tmp_path):
        try:
            found = graph_reader.read_pictures(check)
        except Refused:
            assert check.what == "refuse", check.where
            continue
        assert check.what == "read", (check.where, check.lines["bytes"])
        for word, value in found.items():
            expected = check.bytes(word) if isinstance(value, bytes) else check.numbers(word)
            same = value == expected if isinstance(value, bytes) else None
            same = np.array_equal(np.ravel(value), expected) if same is None else same
            assert same, (check.where, word)
