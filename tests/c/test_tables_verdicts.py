"""A file of tables means the same to C and to Python, or nothing to one of them."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests import needs, shipped
from tests.bitstream.coder_cases import tables_of
from tests.bitstream.zip_faults import two_meanings
from tests.damage import mutants
from tfcomp.bitstream.tables import load_tables, save_tables
from tfcomp.errors import BundleError

ROOT = Path(__file__).resolve().parents[2]
TWO = ([-4, 0, 3, 12, 15, 16], [3, 0, 1, 7, 8])
COMPILER = shutil.which("cc") or shutil.which("gcc")

pytestmark = pytest.mark.skipif(not COMPILER or os.name != "posix", reason=needs.COMPILER)


class CTables(ctypes.Structure):
    _fields_ = [
        ("cdf", ctypes.POINTER(ctypes.c_int32)),
        ("cdf_length", ctypes.c_size_t),
        ("starts", ctypes.POINTER(ctypes.c_int32)),
        ("offsets", ctypes.POINTER(ctypes.c_int32)),
        ("count", ctypes.c_size_t),
    ]


@pytest.fixture(scope="module")
def read_by_c(tmp_path_factory):
    """A function: bytes of tables.npz -> (cdf, offsets) of section "latents", None if refused."""
    library = tmp_path_factory.mktemp("c") / "tables.so"
    sources = [ROOT / "c" / "src" / name for name in ("tables_file.c", "container.c")]
    command = [COMPILER, "-shared", "-fPIC", "-O1", "-I", ROOT / "c" / "include", "-o", library]
    subprocess.run([*command, *sources], check=True)
    c = ctypes.CDLL(str(library))

    def read(npz: bytes):
        found = ctypes.POINTER(CTables)()
        length = ctypes.c_size_t(len(npz))
        if c.tfcomp_tables_read(npz, length, b"latents", ctypes.byref(found)) != 0:
            return None
        tables = found.contents
        result = tables.cdf[: tables.cdf_length], tables.offsets[: tables.count]
        c.tfcomp_tables_free(found)
        return result

    return read


def read_by_python(npz: bytes):
    try:
        tables = load_tables(npz)["latents"]
    except (BundleError, KeyError):
        return None
    return tables.cdf.tolist(), tables.cdf_offset.tolist()


def saved(folder: Path, **sections) -> bytes:
    save_tables(folder / "saved.npz", sections)
    return (folder / "saved.npz").read_bytes()


def test_both_read_the_same_from_every_shipped_bundle(read_by_c):
    files = [folder / "tables.npz" for folder in shipped.folders()]
    assert len(files) > 3
    for npz in [file.read_bytes() for file in files]:
        tables = read_by_python(npz)
        assert tables is not None and read_by_c(npz) == tables


def test_both_refuse_an_archive_with_two_meanings(read_by_c, tmp_path):
    sound = saved(tmp_path, latents=tables_of(*TWO))
    other = saved(tmp_path, latents=tables_of(TWO[1], TWO[0]))
    for label, npz in two_meanings(sound, other):
        assert read_by_python(npz) is None, label
        assert read_by_c(npz) is None, label


def test_mutated_tables_never_mean_two_things(read_by_c, tmp_path):
    sound = saved(tmp_path, latents=tables_of(*TWO), hyper_latents=tables_of(TWO[1]))
    random = np.random.default_rng(4)
    for npz in mutants([sound], 1500, random):
        verdicts = read_by_python(npz), read_by_c(npz)
        assert None in verdicts or verdicts[0] == verdicts[1]
