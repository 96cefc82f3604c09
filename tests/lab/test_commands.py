"""Every study runs from the top of the repository as `python -m lab.NAME`."""

import re
import subprocess
import sys

import pytest

from tests import needs
from tests.conftest import ROOT

pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)

COMMANDS = re.findall(r"`python -m (lab\.\w+)`", (ROOT / "lab" / "README.md").read_text())


def test_the_readme_names_every_command():
    found = {
        f"lab.{path.stem}" for path in (ROOT / "lab").glob("*.py") if "__main__" in path.read_text()
    }
    assert found == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_it_tells_its_flags_under_its_own_name(command):
    done = subprocess.run(
        [sys.executable, "-m", command, "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: python -m {command} ")
