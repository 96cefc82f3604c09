"""The shell commands and Python examples of README.md and docs/, and why some are not run."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.conftest import ROOT

PAGES = (
    "README.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")),
    *("CONTRIBUTING.md", "c/README.md", "examples/web/README.md"),
)

# A pattern for what a command begins with -> what stands in for running it here.
NOT_RUN = {
    r"make (train|test|test-new|test-old|lint|docs|fuzz) ?": "sets up an environment and takes "
    "minutes; CI runs them, and tests/test_make.py what they remove",
    r"(python -m )?pip install ": "installs; tests/distribution installs the wheel",
    r"cmake ": "builds the C library; tests/c does",
    r"build/c/decode ": "needs that build; tests/c decodes every golden file with it",
    r"cd examples/web$|npm ci|python3 -m http\.server": "serves until it is "
    "stopped; tests/web opens the page",
    r"python -m pytest ": "the tests themselves",
    r"MODEL=\w+ EXPORT=\S+ docker compose up|docker run |tensorflow_model_server ": "needs "
    "TensorFlow Serving; tests/serving asks a server that obeys the same contract",
    r"python -m lab\.microscopy |tfcomp (train|export) .*microscopy|tfcomp (compress|teach) MICRO|"
    r"TFCOMP_BUNDLES=|import numpy as np\nimport tfcomp\n\ncodec = ": "simulates and trains for "
    "minutes; tests/channels does the same with small pictures",
    r"echo .*curl |curl |(from pathlib import Path\n\n)?from tfcomp\.serving ": "needs a running "
    "server; tests/serving sends these requests to one",
    r"python examples/serving/load_test\.py ": "needs a running server",
    r"python -m tfcomp\.beam (gs|hdfs|s3)://": "needs a cluster",
    r"python -m lab\.attributes |tfcomp train .*vaegan-faces": "needs faces, which are not ours to "
    "ship; tests/vaegan trains the same on other pictures",
    r"tfcomp train .*--strategy |export TF_CONFIG|tfcomp train .*/shared/|run=/shared/": "needs "
    "several machines; tests/training/test_distribution.py starts two workers",
    r"tfcomp compress photo\.png - \| ssh ": "needs another machine",
}

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Command:
    """What a reader types: `language` is "sh" or "python"."""

    language: str
    text: str

    @property
    def reason(self) -> str | None:
        """Why it is not run here; None where it is."""
        found = (reason for start, reason in NOT_RUN.items() if re.match(start, self.text))
        return next(found, None)


def commands(page: str) -> list[Command]:
    """The commands of a page in its order."""
    found = []
    for language, text in _BLOCK.findall((ROOT / page).read_text(encoding="utf-8")):
        if language == "python":
            found.append(Command("python", text))
        elif language == "sh":
            found += [Command("sh", line) for line in _lines(text)]
    return found


def outside_blocks(page: str) -> str:
    """The page without its blocks of code."""
    return _BLOCK.sub("", (ROOT / page).read_text(encoding="utf-8"))


def _lines(text: str) -> list[str]:
    """Commands without comments: one a line, or one of several lines that belong together."""
    text = re.sub(r"^#.*\n|\s{2,}# .*$", "", text, flags=re.MULTILINE)
    if re.search(r"^(until|export) ", text, re.MULTILINE):
        return [text.strip()]  # a script
    joined = re.sub(r"(\\|\|)\n\s*", r"\1 ", text).replace("\\ ", "")
    joined = re.sub(r",\n\s+", ", ", joined)  # a string that goes on
    return [line.strip() for line in joined.splitlines() if line.strip()]
