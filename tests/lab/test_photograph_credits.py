"""The page of credits and the flagship's card say what the table of photographs says."""

import re

import pytest
import yaml

from lab import photograph_credits, photograph_table
from tests.conftest import ROOT
from tfcomp.errors import CodecError

RENEW = "run: python -m lab.photograph_credits --write"


@pytest.fixture(scope="module")
def photographs():
    return photograph_table.read()


def test_the_page_is_up_to_date(photographs):
    page = photograph_credits.PAGE.read_text(encoding="utf-8")
    assert photograph_credits.written(page) == photograph_credits.credit_list(photographs), RENEW


def test_the_sources_of_a_release_count_every_picture(photographs):
    total, _, listed = photograph_credits.summary(photographs).partition(" photographs: ")
    counts = [item.split()[-1] for item in listed.partition(";")[0].split(",")]
    assert int(total) == len(photographs)
    assert sum(map(int, counts)) == len(photographs)


def test_recipes_claim_nothing_of_pictures_that_data_names():
    recipes = sorted((ROOT / "configs").glob("*.yaml"))
    claims = [yaml.safe_load(path.read_text(encoding="utf-8")).get("release") for path in recipes]
    assert claims and not any(claims)


def test_every_picture_is_listed_once_under_its_licence(photographs):
    sections = re.split(r"^## ", photograph_credits.credit_list(photographs), flags=re.MULTILINE)
    for licence, (name, _) in photograph_credits.LICENCES.items():
        (section,) = [text for text in sections if text.startswith(f"{name}\n")]
        due = [photograph for photograph in photographs if photograph.licence == licence]
        assert section.count("](http") == len(due) > 0
        for photograph in due:
            assert not photograph.author or f"- {_bare(photograph.author)}" in _bare(section)
    assert {photograph.licence for photograph in photographs} == set(photograph_credits.LICENCES)


def _bare(text):
    return text.replace("\\", "")


def test_links_survive_parentheses_and_underscores(photographs):
    links = re.findall(r"\]\((\S*?)\)[,\n]", photograph_credits.credit_list(photographs) + "\n")
    assert len(links) == len(photographs)
    assert not [link for link in links if "(" in link or ")" in link]


def test_writing_changes_the_list_and_keeps_what_is_written_above_it(
    photographs, tmp_path, monkeypatch, capsys
):
    page = tmp_path / "photographs.md"
    text = photograph_credits.PAGE.read_text(encoding="utf-8")
    page.write_text(text[:-500], encoding="utf-8")
    monkeypatch.setattr(photograph_credits, "PAGE", page)
    assert photograph_credits.main(["--write"]) == 0
    assert page.read_text(encoding="utf-8") == text
    assert capsys.readouterr().out == photograph_credits.summary(photographs) + "\n"


def test_a_page_without_the_lists_mark_is_refused():
    with pytest.raises(CodecError, match="has no line <!-- Written by"):
        photograph_credits.written("# A page\n")
