"""The direction of imports (pyproject.toml, [tool.importlinter]) and what may be imported."""

import subprocess
import sys

import pytest

from tests import needs
from tests.conftest import ROOT


def test_imports_point_one_way_and_never_in_circles():
    pytest.importorskip("importlinter", reason=needs.IMPORT_LINTER)
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_importing_tfcomp_imports_nothing_heavy():
    code = (
        "import sys, tfcomp; "
        "heavy = {'tensorflow', 'numpy', 'PIL', 'ai_edge_litert'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
