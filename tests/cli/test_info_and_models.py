"""Commands that only tell."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tfcomp
from tests.bundle_factory import photo, write_bundle
from tfcomp.cli import info, main


@pytest.fixture(autouse=True)
def workplace(installed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.tfcomp").write_bytes(tfcomp.load("tiny").compress(photo(30, 40), quality=1))
    return tmp_path


def test_info_tells_what_the_container_holds(capsys, bundle_folder):
    assert main(["info", "x.tfcomp", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    size = os.path.getsize("x.tfcomp")
    (section,) = record["sections"]
    assert record["file"] == "x.tfcomp"
    assert record["model"] == "tiny"
    fingerprint = tfcomp.load(bundle_folder).info["fingerprint"]
    assert record["fingerprint"] == fingerprint[:8]
    assert (record["format_version"], record["quality"], record["qualities"]) == (1, 1, 2)
    assert (record["width"], record["height"]) == (40, 30)
    assert record["file_bytes"] == size
    assert record["bits_per_pixel"] == 8 * size / 1200
    assert section["name"] == "latents"
    assert record["overhead_bytes"] == size - section["bytes"] <= 17
    assert record["crc32"] == Path("x.tfcomp").read_bytes()[:-5:-1].hex()


def test_info_for_people_has_the_same_figures(capsys):
    assert main(["info", "x.tfcomp"]) == 0
    text = capsys.readouterr().out
    for words in (
        "x.tfcomp",
        "tiny",
        "1 of 2",
        "40x30 pixels",
        "bits/pixel",
        "latents",
        "overhead",
    ):
        assert words in text


def test_info_needs_no_installed_model(capsys, monkeypatch):
    monkeypatch.delenv("TFCOMP_BUNDLES")
    assert main(["info", "x.tfcomp", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["model"], record["width"], record["quality"]) == (None, 40, 1)
    assert main(["info", "x.tfcomp"]) == 0
    assert "not installed" in capsys.readouterr().out


def test_a_rate_that_is_small_is_not_told_as_none():
    record = {"file": "x.tfcomp", **info.describe_file(Path("x.tfcomp").read_bytes())}
    lines = info._lines({**record, "bits_per_pixel": 2.1e-6})
    assert any(line.endswith("2.1e-06 bits/pixel") for line in lines)


def test_models_tells_measured_rates_and_where_there_are_none(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TFCOMP_BUNDLES", str(tmp_path / "several"))
    for name, points in (("none", []), ("one", [{"quality": 1, "bpp": 0.5}])):
        write_bundle(tmp_path / "several" / name, name, 3.0 + len(points), rate_distortion=points)
    assert main(["models"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert ", not measured, " in lines["none"] and ", 0.50 bits/pixel, " in lines["one"]


def test_models_lists_what_is_installed(capsys, bundle_folder):
    assert main(["models"]) == 0
    assert "tiny  2 qualities (default 2)" in capsys.readouterr().out
    assert main(["models", "--json"]) == 0
    records = json.loads(capsys.readouterr().out)
    (tiny,) = [record for record in records if record["name"] == "tiny"]
    assert tiny["path"] == str(bundle_folder)
    assert tiny["rate_distortion"] == [{"quality": 1, "bpp": 1.0, "psnr": 25.0}]


def test_a_broken_bundle_is_named_and_the_others_listed(tmp_path, capsys, monkeypatch):
    write_bundle(tmp_path / "b" / "good")
    (write_bundle(tmp_path / "b" / "bad") / "manifest.json").write_text("{}")
    monkeypatch.setenv("TFCOMP_BUNDLES", str(tmp_path / "b"))
    assert main(["models"]) == 2
    captured = capsys.readouterr()
    assert "tiny" in captured.out
    assert captured.err.count("\n") == 1
    assert str(tmp_path / "b" / "bad") in captured.err


def test_version_and_help_are_quick_and_load_nothing_heavy():
    for arguments, words in (
        (["--version"], f"tfcomp {tfcomp.__version__}"),
        (["compress", "--help"], "--quality"),
    ):
        script = (
            "import sys\nfrom tfcomp.cli import main\n"
            "try: main(sys.argv[1:])\nexcept SystemExit as end: assert end.code == 0\n"
            "assert not {'numpy', 'PIL', 'ai_edge_litert'} & set(sys.modules)\n"
        )
        child = subprocess.run(
            [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
        )
        assert words in child.stdout
