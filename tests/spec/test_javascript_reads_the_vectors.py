"""The web page's JavaScript reads and writes the test vectors, in Node."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from tests import needs
from tests.conftest import ROOT
from tests.spec import readers_table
from tests.spec.refusals import kind_of
from tests.spec.vector_file import FOLDER, NAMES

PROGRAM = ROOT / "tests" / "spec" / "javascript" / "read_vectors.mjs"
IN_THE_BROWSER = ["golden"]  # tests/web/test_golden_files.py: only there can networks run

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason=needs.NODE)


def report_on(name: str) -> dict:
    """What read_vectors.mjs says of a file of vectors."""
    command = ["node", str(PROGRAM), str(FOLDER / f"{name}.txt")]
    child = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert child.returncode == 0, child.stderr
    return json.loads(child.stdout)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in IN_THE_BROWSER])
def test_in_node(name):
    report = report_on(name)
    assert not report["failures"], "\n".join(report["failures"])
    for where, kind, message in report["refusals"]:
        assert kind_of(message) == kind, where
    assert report["made"] == readers_table.expected_counts("JavaScript", name)
