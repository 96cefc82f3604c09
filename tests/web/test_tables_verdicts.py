"""A file of tables means the same to the page's reader and to Python, or nothing to one of them."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess

import numpy as np
import pytest

from tests import needs, shipped
from tests.bitstream.coder_cases import tables_of
from tests.bitstream.zip_faults import two_meanings
from tests.conftest import ROOT
from tests.damage import mutants
from tfcomp.bitstream.tables import load_tables, save_tables
from tfcomp.errors import BundleError

TWO = ([-4, 0, 3, 12, 15, 16], [3, 0, 1, 7, 8])
_READ = """
import { readFileSync } from "node:fs";
const { loadTables } = await import(process.argv[1]);
const verdicts = JSON.parse(readFileSync(0, "utf8")).map((text) => {
  try {
    const { latents } = loadTables(new Uint8Array(Buffer.from(text, "base64")));
    return latents ? [Array.from(latents.cdf), Array.from(latents.offset)] : null;
  } catch (error) {
    return error.name === "BundleError" || error.constructor.name === "BundleError"
      ? null : String(error);
  }
});
console.log(JSON.stringify(verdicts));
"""

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason=needs.NODE)


def read_by_the_page(files: list[bytes]) -> list:
    module = (ROOT / "examples" / "web" / "js" / "bitstream" / "tables.js").as_uri()
    child = subprocess.run(
        ["node", "--input-type=module", "-e", _READ, module],
        input=json.dumps([base64.b64encode(file).decode() for file in files]),
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    return json.loads(child.stdout)


def read_by_python(npz: bytes):
    try:
        tables = load_tables(npz)["latents"]
    except (BundleError, KeyError):
        return None
    return [tables.cdf.tolist(), tables.cdf_offset.tolist()]


def saved(folder, **sections) -> bytes:
    save_tables(folder / "saved.npz", sections)
    return (folder / "saved.npz").read_bytes()


def test_both_read_the_same_from_every_shipped_bundle():
    files = [(folder / "tables.npz").read_bytes() for folder in shipped.folders()]
    assert read_by_the_page(files) == [read_by_python(file) for file in files]


def test_both_refuse_an_archive_with_two_meanings(tmp_path):
    sound = saved(tmp_path, latents=tables_of(*TWO))
    other = saved(tmp_path, latents=tables_of(TWO[1], TWO[0]))
    labels, files = zip(*two_meanings(sound, other))
    for label, verdict in zip(labels, read_by_the_page(list(files))):
        assert verdict is None, label


def test_mutated_tables_never_mean_two_things(tmp_path):
    sound = saved(tmp_path, latents=tables_of(*TWO), hyper_latents=tables_of(TWO[1]))
    files = list(mutants([sound], 800, np.random.default_rng(5)))
    for file, verdict in zip(files, read_by_the_page(files)):
        expected = read_by_python(file)
        assert None in (verdict, expected) or verdict == expected
