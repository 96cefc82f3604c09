"""The benchmark as a user runs it, on two small photographs."""

import csv
import dataclasses
import io
import json
import re
import sys
from pathlib import Path

import pytest
from PIL import Image

from tfcomp.cli import main
from tfcomp.evaluation.classical import AVIF, CODECS

PICTURES = 2


@pytest.fixture
def results(installed, folder, tmp_path, monkeypatch, capsys):
    """(exit code, out folder, output) of a run in which avif is not installed."""
    absent = dataclasses.replace(AVIF, format="NOSUCH", plugin="no_such_plugin")
    monkeypatch.setitem(CODECS, "avif", absent)
    out = tmp_path / "new" / "out"
    code = main(
        ["benchmark", str(folder), "--models", "tiny", "--codecs", "jpeg,avif,webp"]
        + ["--out", str(out), "--repeats", "2", "--pictures", str(PICTURES)]
        + ["--published", "elic", "--gate", "anchor=webp,max_bd_rate=-99"]
        + ["--gate", "anchor=jpeg,max_bd_rate=50,codec=webp"]
    )
    return code, out, capsys.readouterr()


def test_a_run_leaves_figures_a_plot_and_a_page(results, photographs):
    code, out, printed = results
    assert code == 1  # a gate was missed
    assert "gate MISSED: tiny" in printed.err and "gate passed: webp" in printed.out
    assert "avif: not installed (pip install pillow-avif-plugin)" in printed.err
    for words in ("subsampling=4:2:0", "method=6", "BD-rate against jpeg", "1 thread"):
        assert words in printed.out
    assert sorted(p.name for p in out.iterdir()) == [
        "rd.png", "report.html", "results.csv", "results.json",
    ]  # fmt: skip
    _check_json(json.loads((out / "results.json").read_text()))
    _check_csv(list(csv.DictReader((out / "results.csv").open())), photographs)
    with Image.open(out / "rd.png") as plot:
        assert plot.width > 800
    _check_page((out / "report.html").read_text(encoding="utf-8"))


def _check_json(found):
    assert found["anchor"] == "jpeg"
    assert found["images"] == {"astronaut.png": [200, 192], "more/coffee.png": [96, 128]}
    assert found["missing"] == ["avif: not installed (pip install pillow-avif-plugin)"]
    assert [entry["name"] for entry in found["entries"]] == ["tiny", "jpeg", "webp"]
    assert [verdict["passed"] for verdict in found["verdicts"]] == [False, True]
    assert found["published_bd"] == {"elic": None}  # measured on other images
    tiny, jpeg, webp = found["entries"]
    assert tiny["macs"] == {"encoder": 0, "decoder": 0} and jpeg["macs"] is None
    assert jpeg["bd"]["percent"] == pytest.approx(0)
    assert -60 < webp["bd"]["percent"] < -5
    assert webp["bd"]["low"] < webp["bd"]["high"]
    assert set(webp["bd_per_image"]) == set(found["images"])
    for entry in found["entries"]:
        assert 10 < entry["baseline_mib"] <= entry["peak_mib"] < 2000
        assert entry["encode_mpx_s"] > 0 and entry["decode_mpx_s"] > 0


def _check_csv(rows, photographs):
    files = [row for row in rows if row["codec"] == "jpeg" and row["quality"] == "50"]
    assert [row["image"] for row in files] == ["astronaut.png", "more/coffee.png", "mean"]
    astronaut, coffee, mean = files
    size = len(CODECS["jpeg"].encode(photographs["astronaut.png"], 50))
    assert int(astronaut["bytes"]) == size
    assert float(astronaut["bpp"]) == pytest.approx(8 * size / (192 * 200))
    assert float(mean["psnr"]) == pytest.approx(
        (float(astronaut["psnr"]) + float(coffee["psnr"])) / 2
    )
    assert coffee["ms_ssim"] == ""  # too small
    assert 0.8 < float(astronaut["ms_ssim"]) < 1 and float(astronaut["ms_ssim_db"]) > 7
    assert astronaut["encode_runs"] == "2"
    assert len(rows) == (2 + 1) * (
        2 + len(CODECS["jpeg"].qualities) + len(CODECS["webp"].qualities)
    )


def _page_data(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.S).group(1))


def _check_page(page):
    assert not re.search(r"""(src|href)\s*=\s*["'](?!data:)|@import|url\(""", page)
    assert "avif: not installed" in page and "arXiv:2203.10886" in page
    data = _page_data(page)
    assert [curve["name"] for curve in data["curves"]] == ["tiny", "jpeg", "webp", "ELIC 2022"]
    assert len(data["gallery"]) == PICTURES
    for comparison in data["gallery"]:
        names = [picture["name"] for picture in comparison["pictures"]]
        assert names == ["original", "tiny", "jpeg", "webp"]


def test_pictures_are_compared_at_equal_bytes_under_any_name(installed, tmp_path, photographs):
    folder = tmp_path / "images"
    folder.mkdir()
    Image.fromarray(photographs["astronaut.png"]).save(folder / "<img src=x onerror=1>&.png")
    flags = ["--models", "", "--codecs", "jpeg,webp", "--out", str(tmp_path / "out")]
    assert main(["benchmark", str(folder), *flags, "--repeats", "1"]) == 0
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<img src=x" not in page
    (comparison,) = _page_data(page)["gallery"]
    jpeg, webp = (
        int(re.search(r"([\d,]+) bytes", picture["label"]).group(1).replace(",", ""))
        for picture in comparison["pictures"][1:]
    )
    assert jpeg == pytest.approx(webp, rel=0.05)
    assert 8 * webp / (192 * 200) == pytest.approx(0.4, rel=0.5)


def benchmark(folder, out, models, codecs):
    flags = ["--models", models, "--codecs", codecs, "--out", str(out), "--repeats", "1"]
    return main(["benchmark", str(folder), *flags])


def test_every_finished_codec_is_a_line_where_there_is_no_terminal(
    installed, folder, tmp_path, capsys
):
    assert benchmark(folder, tmp_path / "out", "tiny", "jpeg") == 0
    lines = capsys.readouterr().err.splitlines()
    assert [re.sub(r"\d+ s$", "N s", line) for line in lines] == [
        "tiny: 2 qualities, 2 images, N s",
        "jpeg: 11 qualities, 2 images, N s",
    ]


def test_a_terminal_gets_a_bar_and_no_lines(installed, folder, tmp_path, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert benchmark(folder, tmp_path / "out", "tiny", "jpeg") == 0
    assert "tiny: " in terminal.getvalue() and "%|" in terminal.getvalue()
    assert "qualities, 2 images" not in terminal.getvalue()


def _no_such_constant(word):
    raise ValueError(word)


def test_lossless_files_leave_results_and_a_page_that_can_be_read(installed, tmp_path, capsys):
    folder = tmp_path / "images"
    folder.mkdir()
    Image.new("L", (64, 64), 128).save(folder / "flat.png")
    assert benchmark(folder, tmp_path / "out", "tiny", "jpeg,webp") == 0
    printed = capsys.readouterr().out
    assert "1 image of" in printed and "each step once" in printed and "inf" not in printed
    assert re.search(r"tiny +one PSNR, no curve", printed)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    for text in (re.search(r'id="data">(.*?)</script>', page, re.S).group(1),
                 (tmp_path / "out" / "results.json").read_text()):  # fmt: skip
        json.loads(text, parse_constant=_no_such_constant)
    assert "tiny against jpeg: one PSNR, no curve." in page and "1 image<" in page
    labels = [each["label"] for each in _page_data(page)["gallery"][0]["pictures"]]
    assert labels[1].endswith("lossless") and not re.search(r"\b(inf|nan)\b", page)


def test_a_model_of_one_quality_and_size_has_figures_and_no_curve(tmp_path, photographs, capsys):
    folder = tmp_path / "images"
    folder.mkdir()
    Image.fromarray(photographs["astronaut.png"][:128, :128]).save(folder / "face.png")
    assert benchmark(folder, tmp_path / "out", "vaegan-faces", "jpeg,webp") == 0
    assert re.search(r"vaegan-faces +one quality, no curve .* [1-9]\d{3} ", capsys.readouterr().out)
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    entry = found["entries"][0]
    assert entry["bd"] is None and entry["bd_missing"] == "one quality, no curve"
    assert entry["description"].endswith("quality 1") and entry["macs"]["encoder"] > 1000
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "vaegan-faces against jpeg: one quality, no curve." in page
    bpp = entry["measurements"][0]["bpp"]
    assert f"taking {bpp:.2g} bits/pixel" in page  # not those that were aimed at


WRONG = [
    ("IMAGES --models vaegan-faces --codecs jpeg", "128x128 pixels only, and astronaut.png has 20"),
    ("IMAGES --models nothing", "no model 'nothing'"),
    ("IMAGES --models tiny --codecs mp3", "unknown codec 'mp3'"),
    ("IMAGES --models tiny --anchor avif444 --codecs jpeg", "'avif444' is not part of this run"),
    ("IMAGES --models tiny --codecs jpeg --gate anchor=webp,max_bd_rate=1", "'webp' is not part"),
    ("IMAGES --models tiny --codecs jpeg --gate webp", "a gate is"),
    ("IMAGES --models tiny --codecs jpeg --psnr-range 40", "a PSNR range is"),
    ("IMAGES --models tiny --codecs jpeg --published lena", "no published curve 'lena'"),
    ("IMAGES --models tiny --codecs jpeg --repeats 0", "--repeats must be 1 or more"),
    ("IMAGES --models= --codecs=", "nothing to measure"),
    ("IMAGES --models= --codecs jpeg --gate anchor=jpeg,max_bd_rate=1", "none was named"),
    ("EMPTY --models tiny --codecs jpeg", "no images in"),
    ("MISSING --models tiny --codecs jpeg", "is not a folder"),
    ("BROKEN --models tiny --codecs jpeg", "broken.png is not an image"),
    ("IMAGES --models tiny --codecs jpeg --out EMPTY/../file/out", "cannot write to"),
    ("IMAGES --models tiny --codecs jpeg --out IMAGES/out", "outside"),
]


@pytest.mark.parametrize(("line", "words"), WRONG, ids=[line for line, _ in WRONG])
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    line, words, installed, folder, tmp_path, capsys
):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "broken.png").write_text("no picture")
    out = tmp_path / "out"
    places = {"IMAGES": folder, "EMPTY": tmp_path / "empty", "BROKEN": tmp_path / "broken"}
    for name, path in {**places, "MISSING": tmp_path / "missing"}.items():
        line = line.replace(name, str(path))
    flags = line.split()
    if "--out" not in flags:
        flags += ["--out", str(out)]
    assert main(["benchmark", *flags]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("tfcomp: ") and captured.err.count("\n") == 1
    assert words in captured.err
    assert not list(Path(out).glob("*"))


@pytest.mark.parametrize("name", ["rd.png", "results.json", "report.html"])
def test_files_that_no_benchmark_wrote_stay(name, installed, folder, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text("[1]")
    flags = ["--models", "tiny", "--codecs", "", "--out", str(out)]
    assert main(["benchmark", str(folder), *flags]) == 2
    assert f"no benchmark wrote the {name}" in capsys.readouterr().err
    assert [(p.name, p.read_text()) for p in out.iterdir()] == [(name, "[1]")]


def test_a_codec_that_breaks_is_named(installed, folder, tmp_path, capsys):
    Image.new("RGB", (20000, 1)).save(folder / "long.png")  # WebP takes 16383 pixels a side
    flags = ["--models", "", "--codecs", "webp", "--out", str(tmp_path / "out"), "--repeats", "1"]
    assert main(["benchmark", str(folder), *flags]) == 2
    assert "webp could not be measured" in capsys.readouterr().err
