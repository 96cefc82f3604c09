"""The pages are true of the repository: figures, files that are named, links, plain words."""

import re
import subprocess
import sys

import pytest

from tests import needs
from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "docs" / "tools"))

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
# Words that readers stumbled over. The field's own word comes first.
ODD = re.compile(
    r"\b(of before|of then|for who|so many|mend(s|ed|ing)?|not to be had|at hand|hand over)\b"
)


def test_the_readme_has_the_table_of_figures_that_the_script_prints():
    pytest.importorskip("bjontegaard", reason=needs.BJONTEGAARD)
    import measured_table

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert measured_table.written(readme) == measured_table.table(), (
        "run: python docs/tools/measured_table.py --write"
    )


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 110


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_the_pages_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_use_plain_words_and_tell_no_stages(page):
    text = page.read_text(encoding="utf-8")
    assert [found.group() for found in ODD.finditer(text)] == []
    assert re.findall(r"\bstage \d|\b\w+th stage\b", text) == []
    running_text = [line for line in text.splitlines() if not line.startswith("|")]
    assert [line for line in running_text if re.search(r"\d %", line)] == []


# Rooms whose docstrings, comments and messages were read for the same words.
ROOMS = ("beam", "config", "data", "families", "images", "pillow", "runs", "runtime", "serving",
         "training")  # fmt: skip


@pytest.mark.parametrize("folder", [*(f"tfcomp/{room}" for room in ROOMS), "lab"])
def test_code_uses_plain_words(folder):
    files = [*(ROOT / folder).rglob("*.py"), *(ROOT / folder).rglob("*.md")]
    assert [
        f"{file}: {found.group()}"
        for file in files
        for found in ODD.finditer(file.read_text(encoding="utf-8"))
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_pages_name_exist(page):
    named = re.findall(
        r"\b(?:tfcomp|tests|spec|configs|lab|examples|c/(?:src|examples))/[\w/.-]+\.(?:py|md|yaml|c)\b",
        page.read_text(encoding="utf-8"),
    )
    assert [name for name in named if "NAME" not in name and not (ROOT / name).exists()] == []


def test_every_page_that_the_code_names_exists():
    files = subprocess.run(
        ["git", "ls-files", "*.py", "*.yaml", "*.yml", "*.c", "*.h", "*.sh", "Makefile"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    if files.returncode:
        pytest.skip(needs.CHECKOUT)
    missing = set()
    for file in files.stdout.split():
        text = (ROOT / file).read_text(encoding="utf-8")
        for named in re.findall(r"\b(?:docs|spec|lab/notes)/[a-z_]+\.md\b", text):
            if not (ROOT / named).exists():
                missing.add(f"{file}: {named}")
    assert missing == set()


def test_every_page_stands_in_the_sites_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    listed = set(re.findall(r"(\w+\.md)", navigation))
    assert {page.name for page in PAGES} - {"README.md"} <= listed
